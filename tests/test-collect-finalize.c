/* Close, finalize and destroy functions of objects in cycles: which run, how often, in which order, on which thread;
 * what finalizers see; and what they may do: bring back, open, make, block.
 */
#include <leash/leash.h>
#include <stdlib.h>
#include <string.h>
#include "knot.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define SOULS 64

/* What became of a soul: outlives it. */
struct fate {
	int closes, finalizes, destroys;
	bool whole;      /* its finalizer saw every field as it had been */
	bool in_order;   /* close, finalize, destroy */
	bool here;       /* a hook ran on the main thread */
};

struct soul {
	struct soul *next, *other;
	struct knot *knot;
	struct fate *fate;
	uint64_t magic;
	int ring; /* its length */
	void (*deed)(struct soul *soul);
};

static struct fate fates[SOULS];
static int born, finalized, destroyed;
static pthread_t main_thread;
static struct obituary obituary;

static int peek(const int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

static void add(int *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_ACQ_REL);
}

static void soul_check(const struct soul *soul)
{
	if (soul->magic != KNOT_MAGIC || peek(&soul->fate->destroys))
		bail_out("soul %p is none: %llx", (const void *)soul, (unsigned long long)soul->magic);
}

static void soul_close(void *object)
{
	struct soul *soul = object;

	soul_check(soul);
	soul->fate->in_order = soul->fate->finalizes == 0;
	add(&soul->fate->closes);
}

/* The ring it was made in is closed, and nobody in it has been destroyed. */
static bool ring_is_whole(const struct soul *soul)
{
	const struct soul *other = soul;

	for (int i = 0; i < soul->ring; i++) {
		if (!other)
			return false;
		soul_check(other);
		if (other->knot)
			knot_check(other->knot);
		other = __atomic_load_n(&other->next, __ATOMIC_RELAXED);
	}
	return other == soul;
}

static void soul_finalize(void *object)
{
	struct soul *soul = object;

	soul_check(soul);
	soul->fate->whole = ring_is_whole(soul);
	soul->fate->in_order &= peek(&soul->fate->closes) == 1;
	soul->fate->here |= pthread_equal(pthread_self(), main_thread) != 0;
	add(&soul->fate->finalizes);
	add(&finalized);
	if (soul->deed)
		soul->deed(soul);
}

static void soul_destroy(void *object)
{
	struct soul *soul = object;

	soul_check(soul);
	if (soul->next || soul->other || soul->knot)
		bail_out("a soul is destroyed with a field that was not emptied");
	soul->fate->in_order &= peek(&soul->fate->finalizes) == 1;
	soul->fate->here |= pthread_equal(pthread_self(), main_thread) != 0;
	soul->magic = ~KNOT_MAGIC;
	add(&soul->fate->destroys);
	add(&destroyed);
}

static const leash_type soul_type = {
	.name = "soul",
	.size = sizeof(struct soul),
	LEASH_FIELDS(struct soul, next, other, knot),
	.close = soul_close,
	.finalize = soul_finalize,
	.destroy = soul_destroy,
};

static struct soul *soul_new(void)
{
	struct soul *soul = leash_new(&soul_type);

	if (!soul || born >= SOULS)
		bail_out("no room for a soul");
	soul->magic = KNOT_MAGIC;
	soul->fate = &fates[born++];
	soul->fate->in_order = true;
	return soul;
}

/* A ring of so many, which the caller holds by its first. */
static struct soul *soul_ring(int number)
{
	struct soul *first = soul_new(), *last = first;

	for (int i = 1; i < number; i++) {
		leash_set_take(&last->next, soul_new());
		last->ring = number;
		last = last->next;
	}
	last->ring = number;
	leash_set(&last->next, first);
	return first;
}

static void begin(void)
{
	leash_collect(2);
	memset(fates, 0, sizeof fates);
	born = finalized = destroyed = 0;
	obituary.deaths = 0;
}

/* All that were born have ended as they should. */
static void all_ended(const char *what)
{
	int bad = 0;

	eventually(peek(&destroyed) >= born, "%s: all are destroyed", what);
	for (int i = 0; i < born; i++)
		bad += fates[i].closes != 1 || fates[i].finalizes != 1 || fates[i].destroys != 1 || !fates[i].in_order;
	is_int(bad, 0, "each was closed, finalized and destroyed once, in this order");
}

static void plain_end(void)
{
	int bad = 0, here = 0;

	begin();
	leash_release(soul_ring(5));
	is_int(finalized, 0, "a ring does not die by count");
	is_int(leash_collect(2), 5, "a ring of five with finalizers is reclaimed in one call");
	is_int(peek(&finalized), 5, "in which five finalizers have run");
	all_ended("a ring of five");
	for (int i = 0; i < born; i++) {
		bad += !fates[i].whole;
		here += fates[i].here;
	}
	is_int(bad, 0, "every finalizer saw the ring whole");
	is_int(here, 0, "and no hook ran on the thread that called for the collection");

	begin();
	struct soul *soul = soul_ring(3);
	leash_close(soul->next);
	leash_release(soul);
	is_int(leash_collect(2), 3, "a ring of three, one of which is closed already");
	all_ended("it is not closed again");

	/* One finalizer for a ring of knots, which stands for objects of any type. */
	begin();
	soul = soul_new();
	leash_set_take(&soul->next, soul_new());
	leash_set(&soul->next->next, soul);
	soul->ring = soul->next->ring = 2;
	leash_set_take(&soul->knot, ring(&obituary, 4));
	leash_release(soul);
	is_int(leash_collect(2), 6, "a pair with finalizers, which holds a ring without");
	all_ended("the pair");
	ok(fates[0].whole && fates[1].whole, "the finalizers saw the ring they hold");
	eventually(deaths(&obituary) == 4, "which dies too");

	begin();
	soul = soul_ring(2);
	for (int i = 0; i < 10; i++) {
		struct soul *link = soul_new();

		leash_set_take(&link->other, leash_steal(&soul->other));
		leash_set_take(&link->knot, knot_new(&obituary));
		leash_set_take(&soul->other, link);
	}
	leash_release(soul);
	ok(leash_collect(2) >= 2, "a pair with a chain of ten with finalizers");
	all_ended("pair and chain");
	eventually(deaths(&obituary) == 10, "and what they hold");
}

/* Resurrection. */
static struct soul *saved;

static void save_self(struct soul *soul)
{
	leash_set(&saved, soul);
}

static void save_next(struct soul *soul)
{
	leash_set(&saved, soul->next);
}

static void resurrection(void (*deed)(struct soul *soul), const char *who)
{
	leash_gc_stats_t before, after;
	struct soul *soul;

	begin();
	leash_gc_stats(&before);
	soul = soul_ring(3);
	soul->next->deed = deed;
	leash_set_take(&soul->other, soul_ring(2));
	leash_set_take(&soul->knot, ring(&obituary, 2));
	leash_release(soul);
	is_int(leash_collect(2), 0, "a finalizer saves %s: nothing is reclaimed", who);
	ok(saved != NULL, "it is saved");
	is_int(peek(&destroyed) + deaths(&obituary), 0, "everything that it reaches lives");
	ok(ring_is_whole(saved) && ring_is_whole(soul->other) && soul->knot->next->next == soul->knot, "whole");
	ok(leash_gc_is_finalized(saved) && leash_gc_is_finalized(soul), "finalized");
	ok(!leash_gc_is_finalized(soul->knot), "but for those without finalizers");
	is_int((long long)leash_refcount(saved), 2, "no reference is left over");
	leash_gc_stats(&after);
	uint64_t rescued = 0;
	for (int i = 0; i < LEASH_GENERATIONS; i++)
		rescued += after.generation[i].rescued - before.generation[i].rescued;
	ok(rescued >= 3, "which the statistics tell: %llu", (unsigned long long)rescued);
	for (int i = 0; i < 4; i++)
		is_int(leash_collect(i % 3), 0, "it goes on living");
	leash_release(leash_retain(saved));
	is_int(leash_collect(2), 0, "also when it is looked at");
	leash_clear(&saved);
	is_int(leash_collect(2), 7, "all of it is reclaimed when it is dropped");
	all_ended("those saved");
	eventually(deaths(&obituary) == 2, "and the others");
}

/* Three linked pairs of which the one with that number saves itself: those before it die. */
static void partial_resurrection(int saviour)
{
	struct soul *pairs[3] = { NULL };

	begin();
	for (int i = 2; i >= 0; i--) {
		pairs[i] = soul_ring(2);
		if (i < 2)
			leash_set_take(&pairs[i]->other, pairs[i + 1]);
	}
	pairs[saviour]->deed = save_self;
	leash_release(pairs[0]);
	is_int(leash_collect(2), 2 * saviour, "three linked pairs, number %d saves itself: those before it go", saviour);
	eventually(peek(&destroyed) == 2 * saviour, "and die");
	for (int i = saviour; i < 3; i++)
		ok(ring_is_whole(pairs[i]), "number %d lives", i);
	is_int(leash_collect(2), 0, "and stays");
	leash_clear(&saved);
	ok(leash_collect(2) >= 2, "the rest goes when it is dropped");
	while (leash_collect(2) > 0)
		;
	all_ended("all three pairs");
}

/* What finalizers do to their own cycle. */
static void count_on_all(struct soul *soul)
{
	for (int i = 0; i < 10; i++) {
		leash_retain(soul);
		leash_retain(soul->next);
	}
	for (int i = 0; i < 10; i++) {
		leash_release(soul);
		leash_release(soul->next);
	}
	leash_flush();
}

static void open_ring(struct soul *soul)
{
	leash_clear(&soul->next);
}

static void swap_fields(struct soul *soul)
{
	struct soul *next = leash_steal(&soul->next);

	leash_set_take(&soul->next, leash_steal(&soul->other));
	leash_set_take(&soul->other, next);
}

static void save_and_drop(struct soul *soul)
{
	struct soul *copy = leash_retain(soul);

	leash_set(&saved, copy);
	leash_release(copy);
	leash_clear(&saved);
}

static void make_pair(struct soul *soul)
{
	(void)soul;
	leash_release(ring(&obituary, 2));
}

static long from_finalizer;

static void collect_again(struct soul *soul)
{
	(void)soul;
	from_finalizer |= leash_collect(0) | leash_collect(2);
}

static void deeds(void)
{
	static const struct {
		void (*deed)(struct soul *soul);
		const char *what;
		int knots;
	} all[] = {
		{ count_on_all, "finalizers that count on their objects", 0 },
		{ open_ring, "finalizers that open their ring", 0 },
		{ swap_fields, "finalizers that move references about", 0 },
		{ save_and_drop, "finalizers that save their object and drop it again", 0 },
		{ make_pair, "finalizers that make more garbage", 10 },
		{ collect_again, "finalizers that collect", 0 },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct soul *soul;

		begin();
		soul = soul_ring(5);
		for (int k = 0; k < 5; k++, soul = soul->next)
			soul->deed = all[i].deed;
		leash_release(soul);
		ok(leash_collect(2) >= 0, "%s", all[i].what);
		while (leash_collect(2) > 0)
			;
		all_ended("a ring of five");
		eventually(deaths(&obituary) == all[i].knots, "and what they made");
	}
	is_int(from_finalizer, 0, "a finalizer that collects gets 0");
}

/* A finalizer that blocks. */
static struct baton gate = BATON;

static void block(struct soul *soul)
{
	(void)soul;
	baton_pass(&gate, 1);
	baton_await(&gate, 2);
}

static void *collect_here(void *argument)
{
	*(long *)argument = leash_collect(2);
	return NULL;
}

static void *work(void *argument)
{
	struct knot *knot = knot_new(&obituary);

	for (int i = 0; i < 1000; i++)
		leash_release(knot_new(&obituary));
	leash_release(leash_retain(knot));
	leash_flush();
	leash_release(knot);
	return argument;
}

static void blocking(void)
{
	long result = -1, before, more = 0, rings = 0;
	struct soul *soul;
	pthread_t collector;

	begin();
	soul = soul_ring(2);
	soul->deed = block;
	leash_release(soul);
	collector = thread_start(collect_here, &result);
	baton_await(&gate, 1);
	ok(true, "a finalizer blocks");
	elsewhere(work, NULL);
	is_int(deaths(&obituary), 1001, "others make objects and drop them");
	leash_flush();
	before = alive();
	for (int i = 0; i < 5; i++) {
		leash_release(plain_ring(10));
		more += leash_collect(2);
	}
	is_int(more, 50, "and collect cycles");
	eventually(alive() <= before, "which are gone");
	leash_gc_enable();
	leash_gc_set_threshold(100, 2, 2);
	eventually((leash_release(plain_ring(200)), rings++, alive() < before + 200 * rings),
		   "automatic rounds go on, too");
	leash_gc_disable();
	is_int(peek(&destroyed), 0, "while what is being finalized lives");
	ok(ring_is_whole(soul), "whole");
	baton_pass(&gate, 2);
	thread_end(collector);
	is_int(result >= 0, 1, "whoever had collected it comes back");
	while (leash_collect(2) > 0)
		;
	all_ended("the two");
}

/* Many at once, of which every third is saved, by another thread than the one that drops it then. */
#define MANY (SANITIZED ? 2000 : 20000)
static struct many {
	int finalizes, destroys;
} many[MANY];
struct one {
	struct one *next, *other;
	struct many *fate;
};
static struct one *many_saved[2 * MANY];
static int many_saved_count;

static void one_finalize(void *object)
{
	struct one *one = object;

	add(&one->fate->finalizes);
	if ((one->fate - many) % 3 == 0)
		many_saved[many_saved_count++] = leash_retain(one);
}

static void one_destroy(void *object)
{
	add(&((struct one *)object)->fate->destroys);
	add(&destroyed);
}

static const leash_type one_type = {
	.name = "one", .size = sizeof(struct one), LEASH_FIELDS(struct one, next, other),
	.finalize = one_finalize, .destroy = one_destroy,
};

static void in_numbers(void)
{
	int bad = 0, once = 0;

	begin();
	for (int i = 0; i < MANY; i++) {
		struct one *one = leash_new(&one_type), *second = leash_new(&one_type);

		one->fate = &many[i];
		second->fate = &many[i];
		leash_set(&second->next, one);
		leash_set_take(&one->next, second);
		leash_release(one);
	}
	is_int(leash_collect(2), 2 * (MANY - (MANY + 2) / 3), "%d pairs, a third of which save themselves", MANY);
	is_int(many_saved_count, 2 * ((MANY + 2) / 3), "by both their finalizers");
	for (int i = 0; i < many_saved_count; i++)
		leash_release(many_saved[i]);
	is_int(leash_collect(2), many_saved_count, "they go when they are dropped");
	eventually(peek(&destroyed) >= 2 * MANY, "all are destroyed");
	for (int i = 0; i < MANY; i++) {
		once += many[i].finalizes == 2 && many[i].destroys == 2;
		bad += many[i].finalizes > 2 || many[i].destroys > 2;
	}
	ok(once == MANY && bad == 0, "each was finalized once and destroyed once");
}

int main(void)
{
	main_thread = pthread_self();
	leash_gc_disable();
	plain_end();
	resurrection(save_self, "itself");
	resurrection(save_next, "another");
	for (int i = 0; i < 3; i++)
		partial_resurrection(i);
	deeds();
	blocking();
	in_numbers();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
