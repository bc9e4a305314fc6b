/* LEASH_OPTIONS that change how counting works: whatever they say, objects live and die alike. */
#include <leash/leash.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

struct node {
	struct node *next;
	struct mortal *load;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next, load),
};

static struct obituary obituary;
static int wrong;

/* A scene reports by its exit status; the line tells where. */
#define EXPECT(condition)                                                          \
	do {                                                                       \
		if (!(condition)) {                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);    \
			__atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);           \
		}                                                                  \
	} while (0)

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void *worker(void *argument)
{
	struct mortal *m = argument, *held[8] = { NULL };
	unsigned seed = 7;

	for (int i = 0; i < (SLOW ? 5000 : 50000); i++) {
		struct mortal **h = &held[rand_r(&seed) % 8];

		if (*h)
			leash_clear(h);
		else
			leash_set(h, m);
		leash_release(mortal_new(&obituary));
	}
	for (int i = 0; i < 8; i++)
		leash_clear(&held[i]);
	leash_release(m);
	return NULL;
}

static struct node *list_of(int length)
{
	struct node *list = NULL;

	for (int i = 0; i < length; i++) {
		struct node *node = leash_new(&node_type);

		leash_set_take(&node->load, mortal_new(&obituary));
		leash_set_take(&node->next, list);
		list = node;
	}
	return list;
}

static void *make_list(void *unused)
{
	(void)unused;
	return list_of(10000);
}

static struct mortal *saved;

static void saving_finalize(void *object)
{
	saved = leash_retain((struct mortal *)object);
}

static const leash_type saving_type = {
	.name = "saving", .size = sizeof(struct mortal), .finalize = saving_finalize, .destroy = mortal_destroy,
};

static int basic(void)
{
	struct mortal *m = mortal_new(&obituary), *field = NULL;
	int expected;

	EXPECT(leash_refcount(m) == 1 && leash_is_unique(m) && leash_typeof(m) == &mortal_type);
	EXPECT(leash_retain(m) == m && leash_refcount(m) == 2 && !leash_is_unique(m));
	leash_release(m);
	leash_set(&field, m);
	EXPECT(leash_refcount(m) == 2 && leash_get(&field) == m);
	leash_release(m);
	leash_clear(&field);
	EXPECT(leash_refcount(m) == 1 && leash_is_unique(m) && deaths(&obituary) == 0);
	leash_handoff(m);
	EXPECT(leash_refcount(m) == 1 && leash_is_unique(m));
	if (leash_adopt(m))
		EXPECT(leash_refcount(m) == 1);
	leash_release(m);
	EXPECT(deaths(&obituary) == 1);

	elsewhere(drop, mortal_new(&obituary));
	EXPECT(WAIT_FOR(deaths(&obituary) == 2));
	leash_release(list_of(10000));
	EXPECT(deaths(&obituary) == 10002);
	elsewhere(drop, list_of(10000));
	EXPECT(WAIT_FOR(deaths(&obituary) == 20002));
	leash_release(elsewhere(make_list, NULL));
	EXPECT(WAIT_FOR(deaths(&obituary) == 30002));

	pthread_t threads[4];
	m = mortal_new(&obituary);
	for (int i = 0; i < 4; i++)
		threads[i] = thread_start(worker, leash_retain(m));
	for (int i = 0; i < 4; i++)
		thread_end(threads[i]);
	expected = 30002 + 4 * (SLOW ? 5000 : 50000);
	EXPECT(WAIT_FOR(leash_refcount(m) == 1));
	EXPECT(WAIT_FOR(deaths(&obituary) == expected));
	leash_release(m);
	EXPECT(WAIT_FOR(deaths(&obituary) == expected + 1));

	leash_release(mortal_of(&saving_type, &obituary));
	EXPECT(saved && leash_refcount(saved) == 1 && deaths(&obituary) == expected + 1);
	leash_release(saved);
	EXPECT(WAIT_FOR(deaths(&obituary) == expected + 2));

	static struct mortal *immortal;
	immortal = mortal_new(&obituary);
	leash_immortalize(immortal);
	leash_release(immortal);
	EXPECT(leash_refcount(immortal) == SIZE_MAX);
	struct mortal *tail = leash_new_extra(&mortal_type, 5000);
	tail->obituary = &obituary;
	leash_release(tail);
	EXPECT(deaths(&obituary) == expected + 3);
	EXPECT(leash_shutdown() == 0);
	return wrong != 0;
}

static void *look_for_credit(void *argument)
{
	struct mortal *m = argument;
	bool filed = false;

	for (int i = 0; i < 1000; i++) {
		leash_release(leash_retain(m));
		filed |= credits_of(m) != 0;
	}
	EXPECT(!filed);
	EXPECT(leash_refcount(m) == 1);
	return NULL;
}

/* What stands where membarrier is missing: nobody owns, nothing waits. */
static int unbiased(void)
{
	struct mortal *m = mortal_new(&obituary);

	EXPECT(!is_mine(m) && owner_of(m) == LEASH__NOBODY && is_merged(m) && shared_count(m) == 1);
	EXPECT(!leash_adopt(m));
	EXPECT(is_merged(m));
	leash_release(leash_retain(m));
	EXPECT(shared_count(m) == 1);
	elsewhere(look_for_credit, m);
	elsewhere(drop, m);
	EXPECT(deaths(&obituary) == 1);
	EXPECT(leash_shutdown() == 0);
	return wrong != 0;
}

static const char *const settings[] = {
	NULL, "bias:false", "harden:true", "harden:true,bias:true", "magazines:false", "bias:false,magazines:false",
	"harden:true,magazines:false", "harden:false,bias:true,magazines:true",
};

int main(int argc, char **argv)
{
	struct outcome o;

	if (argc > 1)
		return strcmp(argv[1], "unbiased") == 0 ? unbiased() : basic();
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		const char *options = settings[i] ? settings[i] : "";

		play(&o, "basic", settings[i]);
		ok(o.status == 0, "objects live and die with LEASH_OPTIONS=\"%s\" (%d, %d)", options, o.status, o.signal);
		is_str(o.err, "", "and nothing is complained of");
	}
	play(&o, "unbiased", "bias:false");
	ok(o.status == 0, "bias:false: no object has an owner, no decrement waits: %s", o.err);
	play(&o, "unbiased", "harden:true");
	ok(o.status == 0, "harden:true: the same: %s", o.err);
	return done();
}
