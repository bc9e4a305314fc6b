/* What runs when an object dies, and in which order: close, finalize, fields, destroy. */
#include <leash/leash.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

struct actor {
	struct actor *friend;
	struct mortal *load;
	struct obituary *obituary;
	int closes, finalizes;
};

static char diary[64];
static struct obituary loads;

static void write_down(const char *what)
{
	strcat(diary, what);
}

static const char *read_diary(void)
{
	static char last[sizeof diary];

	strcpy(last, diary);
	diary[0] = 0;
	return last;
}

/* Objects in fields die after their holder's hooks, at no particular time: they are counted, not written down. */
static void load_destroy(void *object)
{
	(void)object;
	__atomic_fetch_add(&loads.deaths, 1, __ATOMIC_RELEASE);
}

static const leash_type load_type = { .name = "load", .size = sizeof(struct mortal), .destroy = load_destroy };

static void actor_close(void *object)
{
	struct actor *actor = object;

	actor->closes++;
	write_down(actor->load ? "c" : "C");
}

static void actor_finalize(void *object)
{
	struct actor *actor = object;

	actor->finalizes++;
	write_down(actor->load ? "f" : "F");
}

static void actor_destroy(void *object)
{
	struct actor *actor = object;

	write_down(actor->load ? "d" : "D");
	if (actor->obituary)
		mortal_destroy(&actor->obituary);
}

#define ACTOR_FIELDS LEASH_FIELDS(struct actor, friend, load)
static const leash_type actor_type = {
	.name = "actor",
	.size = sizeof(struct actor),
	ACTOR_FIELDS,
	.close = actor_close,
	.finalize = actor_finalize,
	.destroy = actor_destroy,
};

static struct actor *actor_new(void)
{
	struct actor *actor = leash_new(&actor_type);

	leash_set_take(&actor->load, (struct mortal *)leash_new(&load_type));
	return actor;
}

static void order(void)
{
	leash_release(actor_new());
	is_str(read_diary(), "cfD", "close, finalize, fields, destroy");
	is_int(deaths(&loads), 1, "and what the field held is dead");

	struct actor *actor = actor_new();
	leash_close(actor);
	is_str(read_diary(), "c", "leash_close closes now");
	ok(leash_refcount(actor) == 1 && actor->load && actor->closes == 1, "and leaves the object as it was");
	leash_close(actor);
	is_str(read_diary(), "", "a second close does nothing");
	leash_release(actor);
	is_str(read_diary(), "fD", "what was closed is not closed again at death");
}

/* What the hooks see of their object. */
static int seen[4], step;

static void rule_finalize(void *object)
{
	struct actor *actor = object;

	seen[0] = ++step;
	seen[1] = actor->friend && actor->load && leash_refcount(actor->load) == 1;
}

static void rule_destroy(void *object)
{
	struct actor *actor = object;

	seen[2] = ++step;
	seen[3] = actor->friend == NULL && actor->load == NULL;
}

static const leash_type rule_type = {
	.name = "rule",
	.size = sizeof(struct actor),
	ACTOR_FIELDS,
	.finalize = rule_finalize,
	.destroy = rule_destroy,
};

static void fields_and_hooks(void)
{
	struct actor *actor = leash_new(&rule_type);

	leash_set_take(&actor->friend, actor_new());
	leash_set_take(&actor->load, (struct mortal *)leash_new(&load_type));
	leash_release(actor);
	ok(seen[0] == 1 && seen[2] == 2, "finalize before destroy");
	ok(seen[1], "finalize sees its fields intact");
	ok(seen[3], "destroy sees them empty");
	read_diary();
}

/* A finalizer that brings its object back. */
static struct actor *saved;

static void saving_finalize(void *object)
{
	actor_finalize(object);
	saved = leash_retain((struct actor *)object);
}

static const leash_type saving_type = {
	.name = "saving",
	.size = sizeof(struct actor),
	ACTOR_FIELDS,
	.close = actor_close,
	.finalize = saving_finalize,
	.destroy = actor_destroy,
};

static void *release_elsewhere(void *object)
{
	leash_release(object);
	leash_flush();
	return NULL;
}

static void resurrection(bool elsewhere_too)
{
	struct actor *actor = leash_new(&saving_type);
	struct obituary obituary = { 0 };
	int before = deaths(&loads);
	const char *who = elsewhere_too ? "another thread" : "this thread";

	leash_set_take(&actor->load, (struct mortal *)leash_new(&load_type));
	actor->obituary = &obituary;
	saved = NULL;
	leash_release(actor);
	is_str(read_diary(), "cf", "a finalizer that retains its object saves it (%s)", who);
	is_ptr(saved, actor, "it lives on");
	is_int((long long)leash_refcount(saved), 1, "with the reference that the finalizer made");
	ok(saved->load && leash_typeof(saved->load) == &load_type && leash_refcount(saved->load) == 1,
	   "and its fields");
	leash_close(saved);
	is_str(read_diary(), "", "it stays closed");
	leash_retain(saved);
	is_int((long long)leash_refcount(saved), 2, "and counts again");
	leash_release(saved);
	if (elsewhere_too)
		elsewhere(release_elsewhere, saved);
	else
		leash_release(saved);
	eventually(deaths(&obituary) == 1, "it dies the second time (%s)", who);
	is_str(read_diary(), "D", "without a second finalizer");
	eventually(deaths(&loads) == before + 1, "and what its field held dies");
}

/* A finalizer that counts on its own object, which cannot kill it again. */
static void restless_finalize(void *object)
{
	struct actor *actor = object, *copy = leash_retain(actor);

	actor_finalize(object);
	seen[0] = (int)leash_refcount(actor);
	leash_release(copy);
	leash_release(leash_retain(actor));
	for (int i = 0; i < 100; i++)
		leash_retain(actor);
	for (int i = 0; i < 100; i++)
		leash_release(actor);
	leash_flush();
	seen[1] = (int)leash_refcount(actor);
}

static const leash_type restless_type = {
	.name = "restless",
	.size = sizeof(struct actor),
	ACTOR_FIELDS,
	.finalize = restless_finalize,
	.destroy = actor_destroy,
};

static void retain_and_release_inside(void)
{
	leash_release(leash_new(&restless_type));
	is_int(seen[0], 2, "inside a finalizer a retain counts above the reference held for it");
	is_int(seen[1], 1, "and a release cannot take that one");
	is_str(read_diary(), "FD", "so that a finalizer that counts on its object runs once, and it dies once");
}

/* Hooks that release others, and make and drop some. */
static struct mortal *held_outside;
static struct obituary outside;

static void releasing_hook(void *object)
{
	int before = deaths(&outside);

	(void)object;
	leash_release(mortal_new(&outside));
	leash_clear(&held_outside);
	seen[0] += deaths(&outside) - before;
	write_down("h");
}

static const leash_type releasing_types[] = {
	{ .name = "releasing at close", .size = sizeof(struct actor), ACTOR_FIELDS, .close = releasing_hook },
	{ .name = "releasing at finalize", .size = sizeof(struct actor), ACTOR_FIELDS, .finalize = releasing_hook },
	{ .name = "releasing at destroy", .size = sizeof(struct actor), ACTOR_FIELDS, .destroy = releasing_hook },
};

static void release_others(void)
{
	for (int i = 0; i < 3; i++) {
		int before = deaths(&outside);
		struct actor *actor = leash_new(&releasing_types[i]);

		leash_set_take(&actor->load, (struct mortal *)leash_new(&load_type));
		held_outside = mortal_new(&outside);
		seen[0] = 0;
		leash_release(actor);
		is_int(deaths(&outside), before + 2, "objects %s others die", releasing_types[i].name);
		is_int(seen[0], 0, "after the hook has returned");
		is_str(read_diary(), "h", "and the hook ran once");
	}
	struct actor *actor = leash_new(&releasing_types[0]);
	int before = deaths(&outside);

	held_outside = mortal_new(&outside);
	leash_close(actor);
	is_int(deaths(&outside), before + 2, "what an explicit close releases dies too");
	leash_release(actor);
	read_diary();
}

/* One close for all who want to close. */
static int closes;
static struct baton gate = BATON;

static void counting_close(void *object)
{
	(void)object;
	__atomic_fetch_add(&closes, 1, __ATOMIC_RELAXED);
}

static const leash_type closable_type = { .name = "closable", .size = 8, .close = counting_close };

static void *closer(void *argument)
{
	void **objects = argument;

	baton_await(&gate, 1);
	for (int i = 0; i < 1000; i++) {
		leash_close(objects[i]);
		leash_release(objects[i]);
	}
	return NULL;
}

static void close_by_many(void)
{
	static void *objects[1000];
	pthread_t threads[8];

	for (int i = 0; i < 1000; i++) {
		objects[i] = leash_new(&closable_type);
		for (int t = 0; t < 8; t++)
			leash_retain(objects[i]);
	}
	for (int t = 0; t < 8; t++)
		threads[t] = thread_start(closer, objects);
	baton_pass(&gate, 1);
	for (int t = 0; t < 8; t++)
		thread_end(threads[t]);
	is_int(closes, 1000, "a thousand objects are closed once each by eight threads");
	bool open = false;
	for (int i = 0; i < 1000; i++)
		open |= !(shared_word(objects[i]) & LEASH__CLOSED);
	ok(!open, "while this thread still holds them");
	for (int i = 0; i < 1000; i++)
		leash_release(objects[i]);
	is_int(leash_shutdown(), 0, "they die");
	is_int(closes, 1000, "and are not closed again");
}

/* A close that closes and releases its own object's friends, which do the same to theirs. */
static void contagious_close(void *object)
{
	struct actor *actor = object;

	write_down("x");
	leash_close(actor->friend);
	leash_clear(&actor->friend);
}

static const leash_type contagious_type = {
	.name = "contagious", .size = sizeof(struct actor), ACTOR_FIELDS, .close = contagious_close,
};

static void nested(void)
{
	struct actor *first = NULL;

	for (int i = 0; i < 5; i++) {
		struct actor *actor = leash_new(&contagious_type);

		leash_set_take(&actor->friend, first);
		first = actor;
	}
	leash_close(first);
	is_str(read_diary(), "xxxxx", "a close may close others");
	ok(first->friend == NULL, "and empty fields");
	leash_release(first);
	is_int(leash_shutdown(), 0, "all of them die");
}

int main(void)
{
	order();
	fields_and_hooks();
	resurrection(false);
	resurrection(true);
	retain_and_release_inside();
	release_others();
	close_by_many();
	nested();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
