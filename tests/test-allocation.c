/* Every allocation failing in turn.
 *
 * A scenario goes through whatever allocates: a thread's record, births of all kinds, foreign drops that queue for revocation,
 * retired buffers, hardened mode's table, threads that end.  It is played again and again; in the k-th play
 * the k-th allocation fails, and some that follow, until a play asks for fewer than k.  Whatever fails:
 * births give NULL and ENOMEM and nothing else is seen, and in the end nothing is left.
 *
 * A birth makes an emergency round and tries again, so a single failure is not seen by the program; runs of failures are.
 */
#include <leash/leash.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "points.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"

static unsigned asked, first, last; /* allocations number first..last fail */
static unsigned failures, births, births_failed, wrong_errors;
static unsigned seen, destroyed, retired, freed, finalized, expected, calls, expected_calls;
static bool armed;

static void add(unsigned *number)
{
	__atomic_fetch_add(number, 1, __ATOMIC_RELAXED);
}

static void add_some(unsigned *number, int some)
{
	__atomic_fetch_add(number, (unsigned)some, __ATOMIC_RELAXED);
}

static bool fails(void)
{
	unsigned number;

	if (!__atomic_load_n(&armed, __ATOMIC_ACQUIRE))
		return false;
	number = __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
	if (number < first || number > last)
		return false;
	add(&failures);
	return true;
}

struct node {
	struct node *next, *other;
	long value;
};

struct tail {
	size_t length;
	struct node *nodes[];
};

static void destroy(void *object)
{
	(void)object;
	add(&destroyed);
}

static void free_retired(void *ptr)
{
	add(&freed);
	free(ptr);
}

static const leash_type leaf_type = { .name = "leaf", .size = 40 };
static const leash_type node_type = { .name = "node", .size = sizeof(struct node),
				      LEASH_FIELDS(struct node, next, other) };
static const leash_type seen_type = { .name = "seen", .size = sizeof(struct node),
				      LEASH_FIELDS(struct node, next, other), .destroy = destroy };
static const leash_type tail_type = { .name = "tail", .size = sizeof(struct tail),
				      LEASH_FIELDS(struct tail, LEASH_TAIL(nodes)) };
static const leash_type large_type = { .name = "large", .size = 5000 };
static const leash_type prompt_type = { .name = "prompt", .size = 16, .flags = LEASH_PROMPT };

static void *born(void *object)
{
	add(&births);
	if (!object) {
		add(&births_failed);
		if (errno != ENOMEM)
			add(&wrong_errors);
	}
	return object;
}

static struct node *node(const leash_type *type)
{
	struct node *n;

	errno = 0;
	n = born(leash_new(type));
	if (n && type->destroy)
		add(&seen);
	return n;
}

static void *build(void *argument)
{
	struct node *list = NULL;
	int i;

	(void)argument;
	for (i = 0; i < 200; i++) {
		struct node *n = node(i % 2 ? &node_type : &seen_type);

		if (!n)
			continue;
		leash_set_take(&n->next, list);
		leash_set(&n->other, n->next);
		list = n;
	}
	return list;
}

static void retire(void)
{
	void *buffer = malloc(100);

	add(&retired);
	leash_retire(buffer, free_retired);
}

static void all_kinds(void)
{
	struct tail *tail;
	size_t i;

	errno = 0;
	leash_release(born(leash_new(&leaf_type)));
	errno = 0;
	leash_release(born(leash_new(&large_type)));
	errno = 0;
	leash_release(born(leash_new(&prompt_type)));
	errno = 0;
	leash_release(born(leash_new_extra(&leaf_type, 3000)));
	errno = 0;
	tail = born(leash_new_extra(&tail_type, 10 * sizeof(void *)));
	for (i = 0; tail && i < 10; i++)
		leash_set_take(&tail->nodes[i], node(&node_type));
	leash_release(tail);
}

static void finalize(void *object)
{
	(void)object;
	add(&finalized);
}

static const leash_type final_type = { .name = "final", .size = sizeof(struct node),
				       LEASH_FIELDS(struct node, next, other),
				       .finalize = finalize, .destroy = destroy };

/* Garbage that only a round finds, of two generations, with and without finalizers.  A round that finds no memory is
 * given up, and a later one finds everything. */
static void cycles(void)
{
	static const leash_type *const types[] = { &node_type, &seen_type, &final_type };
	size_t i;

	for (i = 0; i < 3; i++) {
		struct node *one = node(types[i]), *two = node(types[i]);
		long reclaimed;

		if (i == 2)
			add_some(&expected, (one != NULL) + (two != NULL));
		if (one && two) {
			leash_set(&one->next, two);
			leash_set(&two->next, one);
		}
		leash_collect(0);
		leash_release(one);
		leash_release(two);
		reclaimed = leash_collect((int)i);
		if (reclaimed < 0 && reclaimed != -ENOMEM)
			add(&wrong_errors);
	}
}

struct pointer {
	struct pointer *next;
	leash_weak back;
	leash_slot slot;
};

static const leash_type pointer_type = { .name = "pointer", .size = sizeof(struct pointer),
					 .flags = LEASH_WEAKABLE,
					 LEASH_FIELDS(struct pointer, next, back, slot) };

static void told(void *argument)
{
	(void)argument;
	add(&calls);
}

/* A weak reference or a watch that finds no memory says so and leaves all as it was; what the collector cannot tag it leaves
 * for another round. */
static void pointers(void)
{
	static leash_slot global;
	struct pointer *parent, *child, *loaded;
	leash_weak weak;
	leash_watch *watch;
	int error;

	errno = 0;
	parent = born(leash_new(&pointer_type));
	errno = 0;
	child = born(leash_new_extra(&pointer_type, 10));
	if (parent && child) {
		leash_set(&parent->next, child);
		leash_slot_store(&child->slot, parent);
		error = leash_weak_init(&child->back, parent);
		if (error && error != -ENOMEM)
			add(&wrong_errors);
	}
	error = leash_weak_init(&weak, child);
	if ((error && error != -ENOMEM) || leash_weak_count(child) != (child && !error))
		add(&wrong_errors);
	errno = 0;
	watch = child ? leash_watch_add(child, told, NULL) : NULL;
	if (child && !watch && errno != ENOMEM)
		add(&wrong_errors);
	add_some(&expected_calls, watch != NULL);
	leash_slot_store(&global, parent);
	leash_release(leash_slot_load(&global));
	leash_slot_clear(&global);
	leash_release(parent);
	leash_release(child);
	leash_collect(2);
	/* What was not found yet lives. */
	loaded = leash_weak_load(&weak);
	if (loaded && loaded != child)
		add(&wrong_errors);
	leash_release(loaded);
	leash_weak_clear(&weak);
	leash_collect(2);
	if (!leash_watch_cancel(watch))
		return;
	/* It had not died yet. */
	add_some(&expected_calls, -1);
}

/* Enough foreign objects at once to need more than one piece of the queue. */
#define DROPPED 600

static void *drop_many(void *argument)
{
	void **objects = argument;
	int i;

	for (i = 0; i < DROPPED; i++)
		leash_release(objects[i]);
	leash_flush();
	return NULL;
}

static pthread_key_t late_key;

static void late(void *object)
{
	static __thread int times;

	/* ThreadSanitizer cannot bear liburcu's destructor, which hardened mode calls for, in the last round. */
	if (++times < (THREAD_SANITIZED ? 2 : 3)) {
		pthread_setspecific(late_key, object);
		return;
	}
	leash_release(leash_retain(object));
	leash_release(object);
	leash_release(node(&seen_type));
}

static void *part(void *argument)
{
	void *objects[DROPPED];
	struct node *list, *n;
	int i;

	(void)argument;
	all_kinds();
	cycles();
	pointers();
	list = elsewhere(build, NULL);
	for (i = 0, n = list; n && i < 50; i++)
		n = n->next;
	n = leash_retain(n);
	leash_release(list);
	retire();
	for (i = 0; i < DROPPED; i++)
		objects[i] = node(i % 8 ? &node_type : &seen_type);
	elsewhere(drop_many, objects);
	leash_handoff(n);
	leash_adopt(n);
	leash_flush();
	leash_release(n);
	retire();
	pthread_setspecific(late_key, node(&seen_type));
	return NULL;
}

/* Plays once; returns whether an allocation failed in it. */
static bool played(const char *options, unsigned from, unsigned number)
{
	long left;

	asked = failures = births = births_failed = wrong_errors = seen = destroyed = retired = freed = finalized = expected = 0;
	calls = expected_calls = 0;
	first = from;
	last = number ? from + number - 1 : ~0u;
	__atomic_store_n(&armed, true, __ATOMIC_RELEASE);
	elsewhere(part, NULL);
	__atomic_store_n(&armed, false, __ATOMIC_RELEASE);
	left = leash_shutdown();
	if (left || wrong_errors || seen != destroyed || retired != freed || finalized != expected ||
	    calls != expected_calls) {
		diag("%s, allocation %u and %u after it: %ld left, %u wrong errors, %u of %u seen to die, %u of %u freed, %u of %u finalized, %u of %u told",
		     options, from, number - 1, left, wrong_errors, destroyed, seen, freed, retired, finalized,
		     expected, calls, expected_calls);
		exit(3);
	}
	return failures != 0;
}

static int scene(const char *name)
{
	static const unsigned runs[] = { 1, 2, 3, 10, 0 };
	unsigned i, k;

	pthread_key_create(&late_key, late);
	lsh_allocation_hook = fails;
	for (i = 0; i < sizeof runs / sizeof runs[0]; i++) {
		/* Where it takes long, not every k is played. */
		for (k = 1; played(name, k, runs[i]); k += 1 + (SLOW || runs[i] != 1) * (k / 16))
			;
		diag("%s: %u failing at a time, first number 1 to %u; %u births in the last play", name, runs[i], k,
		     births);
		if (births_failed)
			return 4;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const options[] = { "bias:true", "magazines:false", "bias:false", "harden:true" };
	size_t i;

	if (argc > 1)
		return scene(argv[1]);
	for (i = 0; i < sizeof options / sizeof options[0]; i++) {
		struct outcome o;

		play(&o, options[i], options[i]);
		ok(o.status == 0, "%s: each allocation fails in turn; no crash, no leak, births say ENOMEM (%d, %d)",
		   options[i], o.status, o.signal);
		if (o.status) {
			diag("%s", o.out);
			diag("%s", o.err);
		}
	}
	return done();
}
