/* What steers and watches the cycle collector: errors, thresholds, counts, statistics, freezing, the callback, and the
 * flags for debugging. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-bp.h>
#include "knot.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static void drop_pairs(int number)
{
	for (int i = 0; i < number; i++)
		leash_release(ring(&obituary, 2));
}

/* How many rounds there have been, of one generation or of all (-1). */
static long rounds(int generation)
{
	leash_gc_stats_t stats;
	long sum = 0;

	leash_gc_stats(&stats);
	for (int i = 0; i < LEASH_GENERATIONS; i++)
		if (generation < 0 || i == generation)
			sum += (long)stats.generation[i].collections;
	return sum;
}

static void defaults(void)
{
	int t[3] = { -1, -1, -1 };

	ok(leash_gc_is_enabled(), "automatic collection is on at first");
	leash_gc_get_threshold(&t[0], &t[1], &t[2]);
	ok(t[0] == 700 && t[1] == 10 && t[2] == 10, "the thresholds are 700, 10 and 10: %d, %d, %d", t[0], t[1], t[2]);
	is_int(leash_gc_get_debug(), 0, "no flags for debugging are set");
	is_int((long long)leash_gc_garbage(NULL, 0), 0, "no garbage is kept");
	is_int((long long)leash_gc_frozen_count(), 0, "nothing is frozen");
	leash_gc_disable();
	ok(!leash_gc_is_enabled(), "it can be switched off");
	leash_gc_disable();
	leash_gc_enable();
	ok(leash_gc_is_enabled(), "and on");
	leash_gc_disable();
}

static long inside[3];

static void collecting_close(void *object)
{
	(void)object;
	inside[0] = leash_collect(2);
}

static void collecting_finalize(void *object)
{
	(void)object;
	inside[1] = leash_collect(0);
}

static void collecting_destroy(void *object)
{
	inside[2] = leash_collect(1);
	knot_destroy(object);
}

static const leash_type collecting_type = {
	.name = "collecting",
	.size = sizeof(struct knot),
	LEASH_FIELDS(struct knot, next, other, load),
	.close = collecting_close,
	.finalize = collecting_finalize,
	.destroy = collecting_destroy,
};

static void errors(void)
{
	int before = deaths(&obituary);

	is_int(leash_collect(-1), -EINVAL, "there is no generation -1");
	is_int(leash_collect(3), -EINVAL, "nor a third");
	drop_pairs(1);
	inside[0] = inside[1] = inside[2] = -1;
	leash_release(knot_of(&collecting_type, &obituary));
	ok(inside[0] == 0 && inside[1] == 0 && inside[2] == 0, "inside close, finalize and destroy nothing is collected");
	is_int(deaths(&obituary), before + 1, "though there was something");
	rcu_read_lock();
	is_int(leash_collect(2), -EDEADLK, "inside a read section of liburcu it cannot be");
	rcu_read_unlock();
	is_int(leash_collect(2), 2, "outside it can");
	eventually(deaths(&obituary) == before + 3, "and they die");
}

static void counts(void)
{
	struct knot *knots[10];
	long c[3];

	leash_collect(2);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	ok(c[0] == 0 && c[1] == 0 && c[2] == 0, "a full collection leaves counts of 0: %ld, %ld, %ld", c[0], c[1], c[2]);
	for (int i = 0; i < 10; i++)
		knots[i] = knot_new(&obituary);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	is_int(c[0], 10, "ten births of objects with references");
	struct obituary leaves = { 0 };
	struct mortal *leaf = mortal_new(&leaves);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	is_int(c[0], 10, "leaves have no part in this");
	leash_release(leaf);
	for (int i = 0; i < 4; i++)
		leash_release(knots[i]);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	is_int(c[0], 6, "deaths count against births");
	leash_collect(0);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	ok(c[0] == 0 && c[1] == 1 && c[2] == 0, "a round of generation 0: %ld, %ld, %ld", c[0], c[1], c[2]);
	leash_collect(0);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	ok(c[0] == 0 && c[1] == 2 && c[2] == 0, "another: %ld, %ld, %ld", c[0], c[1], c[2]);
	leash_collect(1);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	ok(c[0] == 0 && c[1] == 0 && c[2] == 1, "one of generation 1: %ld, %ld, %ld", c[0], c[1], c[2]);
	leash_collect(2);
	leash_gc_get_count(&c[0], &c[1], &c[2]);
	ok(c[0] == 0 && c[1] == 0 && c[2] == 0, "a full one: %ld, %ld, %ld", c[0], c[1], c[2]);
	for (int i = 4; i < 10; i++)
		leash_release(knots[i]);
}

static void stats(void)
{
	leash_gc_stats_t before, after;

	leash_collect(2);
	leash_gc_stats(&before);
	drop_pairs(5);
	leash_collect(0);
	drop_pairs(2);
	leash_collect(1);
	drop_pairs(1);
	struct knot *held = ring(&obituary, 3);
	leash_release(leash_retain(held));
	leash_collect(2);
	leash_gc_stats(&after);
	for (int i = 0; i < 3; i++) {
		static const int collected[] = { 10, 4, 2 };
		const struct leash_gc_generation *a = &before.generation[i], *b = &after.generation[i];

		is_int((long long)(b->collections - a->collections), 1, "generation %d: one round", i);
		is_int((long long)(b->collected - a->collected), collected[i], "that reclaimed");
		ok(b->visited - a->visited >= (uint64_t)collected[i], "after looking at them: %llu",
		   (unsigned long long)(b->visited - a->visited));
		ok(b->nanoseconds > a->nanoseconds, "which took some time");
		is_int((long long)(b->uncollectable - a->uncollectable), 0, "nothing was kept");
		is_int((long long)(b->rescued - a->rescued), 0, "or brought back");
		is_int((long long)(b->given_up - a->given_up), 0, "or given up");
	}
	ok(after.generation[2].visited - before.generation[2].visited >= 5, "the full one looked at what lives, too");
	ok(after.snapshot_bytes_peak > 0, "some memory was used");
	leash_release(held);
	is_int(leash_collect(2), 3, "the ring, dropped");
}

/* What a full round found alive is not looked at again before it changes. */
static void ages(void)
{
	leash_gc_stats_t before, after;
	struct knot *held = ring(&obituary, 1000);

	leash_release(leash_retain(held));
	for (int i = 0; i < 3; i++)
		leash_collect(2);
	leash_gc_stats(&before);
	for (int i = 0; i < 9; i++)
		leash_collect(i % 3);
	leash_gc_stats(&after);
	for (int i = 0; i < 3; i++)
		is_int((long long)(after.generation[i].visited - before.generation[i].visited), 0,
		       "what has not changed is not looked at by rounds of generation %d", i);
	leash_release(held);
	is_int(leash_collect(2), 1000, "it is when its last reference goes");
}

static void thresholds(void)
{
	int t[3], dead;
	long before;

	eventually(alive() == 0, "all that was reclaimed is gone");
	dead = deaths(&obituary);
	leash_gc_set_threshold(-5, -1, -1000);
	leash_gc_get_threshold(&t[0], &t[1], &t[2]);
	ok(t[0] == 0 && t[1] == 0 && t[2] == 0, "negative thresholds count as 0");
	before = rounds(-1);
	leash_gc_enable();
	drop_pairs(3000);
	usleep(50000);
	is_int(rounds(-1), before, "a first threshold of 0: no automatic rounds");
	is_int(deaths(&obituary), dead, "and nothing dies");
	leash_gc_disable();
	leash_gc_set_threshold(100, 3, 2);
	leash_gc_get_threshold(&t[0], &t[1], &t[2]);
	ok(t[0] == 100 && t[1] == 3 && t[2] == 2, "thresholds are what they were set to");
	drop_pairs(3000);
	usleep(50000);
	is_int(rounds(-1), before, "switched off: no automatic rounds either");
	is_int(leash_collect(2), 12000, "an explicit one finds all");
	eventually(deaths(&obituary) == dead + 12000, "and all of it dies");

	/* With nothing alive, a full round does not wait for suspects. */
	leash_collect(2);
	leash_gc_enable();
	for (int generation = 0; generation < 3; generation++) {
		before = rounds(generation);
		/* The younger ones lead to the older ones. */
		eventually((drop_pairs(100), rounds(generation) > before), "rounds of generation %d happen by themselves",
			   generation);
	}
	dead = deaths(&obituary);
	eventually((drop_pairs(100), deaths(&obituary) > dead), "and reclaim");
	leash_gc_disable();
	leash_collect(2);
	leash_gc_set_threshold(700, 10, 10);
}

/* What is alive, and suspect, and much of it, does not have full rounds again and again. */
static void few_births(void)
{
	long before = rounds(-1);

	leash_gc_enable();
	for (int i = 0; i < 100000; i++)
		leash_release(knot_new(&obituary));
	usleep(20000);
	is_int(rounds(-1), before, "births that are followed by deaths lead to no rounds");
	leash_gc_disable();
}

static const leash_type acyclic_type = {
	.name = "acyclic", .size = sizeof(struct knot), .flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct knot, next, other, load), .destroy = knot_destroy,
};

static void tracked(void)
{
	struct knot *knot = knot_new(&obituary), *tree = knot_of(&acyclic_type, &obituary);
	struct obituary leaves = { 0 };
	struct mortal *leaf = mortal_new(&leaves);

	ok(leash_gc_is_tracked(knot), "an object with references is tracked");
	ok(!leash_gc_is_tracked(tree), "not with LEASH_ACYCLIC");
	ok(!leash_gc_is_tracked(leaf), "nor a leaf");
	ok(!leash_gc_is_tracked(NULL), "nor NULL");
	ok(!leash_gc_is_finalized(knot) && !leash_gc_is_finalized(leaf), "what lives first is not finalized");
	ok(!leash_gc_is_finalized(NULL), "nor is NULL");
	leash_release(knot);
	leash_release(tree);
	leash_release(leaf);
}

static void freezing(void)
{
	struct knot *held = ring(&obituary, 2), *lone = knot_new(&obituary);
	int dead;

	leash_collect(2);
	leash_set(&lone->next, held);
	leash_release(leash_retain(lone));
	leash_release(ring(&obituary, 3));
	eventually(alive() == 6, "nothing else is there");
	dead = deaths(&obituary);
	is_int(leash_gc_freeze(), 0, "freeze");
	is_int((long long)leash_gc_frozen_count(), 6, "suspects and what they refer to are frozen");
	is_int(leash_collect(2), 0, "frozen garbage stays");
	is_int(deaths(&obituary), dead, "alive");
	drop_pairs(2);
	is_int(leash_collect(2), 4, "what is garbage later goes");
	eventually(deaths(&obituary) == dead + 4, "and dies");
	leash_release(lone);
	is_int(deaths(&obituary), dead + 5, "what is frozen can die by count");
	leash_release(ring(&obituary, 4));
	is_int(leash_gc_freeze(), 0, "freeze more");
	ok(leash_gc_frozen_count() >= 9, "of it: %zu", leash_gc_frozen_count());
	leash_gc_unfreeze();
	is_int((long long)leash_gc_frozen_count(), 0, "unfrozen");
	is_int(leash_collect(2), 7, "all frozen garbage goes");
	eventually(deaths(&obituary) == dead + 12, "and dies");
	ok(held->next->next == held, "what is held does not");
	leash_release(held);
	is_int(leash_collect(2), 2, "before it is dropped");

	/* Garbage of frozen objects whose last reference went when they were frozen already. */
	held = ring(&obituary, 2);
	leash_release(leash_retain(held));
	leash_gc_freeze();
	leash_release(held);
	is_int(leash_collect(2), 0, "dropped while it was frozen: it stays");
	leash_gc_unfreeze();
	is_int(leash_collect(2), 2, "until it is unfrozen");
}

/* The callback. */
static struct {
	enum leash_gc_event event;
	int generation;
	long reclaimed;
} heard[16];
static int events;
static long from_callback;

static void hear(enum leash_gc_event event, int generation, long reclaimed, void *arg)
{
	int i = __atomic_fetch_add((int *)arg, 1, __ATOMIC_ACQ_REL);

	if (i < 16) {
		heard[i].event = event;
		heard[i].generation = generation;
		heard[i].reclaimed = reclaimed;
	}
	leash_release(plain_new());
	from_callback |= leash_collect(2);
}

/* As the collecting thread holds no lock, others go on, and it may wait for them. */
static void *busy(void *argument)
{
	leash_release(knot_new(&obituary));
	leash_flush();
	return argument;
}

static void hear_and_wait(enum leash_gc_event event, int generation, long reclaimed, void *arg)
{
	(void)generation;
	(void)reclaimed;
	elsewhere(busy, NULL);
	if (event == LEASH_GC_STOP)
		++*(int *)arg;
}

static void callback(void)
{
	int stops = 0;

	leash_collect(2);
	leash_gc_on_collection(hear, &events);
	drop_pairs(3);
	is_int(leash_collect(1), 6, "collected with a callback");
	ok(events >= 2 && events % 2 == 0, "which hears of starts and stops: %d", events);
	ok(heard[0].event == LEASH_GC_START && heard[0].generation == 1 && heard[0].reclaimed == 0, "of a start");
	ok(heard[1].event == LEASH_GC_STOP && heard[1].generation == 1 && heard[1].reclaimed == 6, "of a stop");
	is_int(from_callback, 0, "and cannot collect itself");
	leash_gc_on_collection(hear_and_wait, &stops);
	drop_pairs(1);
	ok(leash_collect(2) >= 2, "another callback");
	ok(stops >= 1, "is called, and may wait for other threads");
	leash_gc_on_collection(NULL, NULL);
	events = stops = 0;
	leash_collect(2);
	ok(events == 0 && stops == 0, "and none, when it is taken back");
}

static void save_all(void)
{
	struct knot *pair = ring(&obituary, 2);
	leash_gc_stats_t before, after;
	void *found[8] = { NULL };
	int dead;

	leash_collect(2);
	eventually(alive() == 2, "a pair and nothing else");
	dead = deaths(&obituary);
	leash_gc_stats(&before);
	leash_gc_set_debug(LEASH_GC_DEBUG_SAVEALL);
	is_int(leash_gc_get_debug(), LEASH_GC_DEBUG_SAVEALL, "flags are what they were set to");
	leash_release(pair);
	leash_collect(2);
	is_int(deaths(&obituary), dead, "what is found is kept");
	is_int((long long)leash_gc_garbage(NULL, 0), 2, "for whoever asks");
	leash_gc_stats(&after);
	is_int((long long)(after.generation[2].uncollectable - before.generation[2].uncollectable), 2, "and is counted");
	leash_collect(2);
	is_int((long long)leash_gc_garbage(NULL, 0), 2, "once");
	is_int((long long)leash_gc_garbage(&found[0], 1), 1, "one is taken");
	is_int((long long)leash_gc_garbage(&found[1], 7), 0, "and the rest");
	ok((found[0] == pair && found[1] == pair->next) || (found[1] == pair && found[0] == pair->next),
	   "they are the objects of the pair");
	ok(pair->next->next == pair && leash_refcount(pair) == 2, "whole, with a reference for each");
	leash_gc_set_debug(0);
	is_int(leash_collect(2), 0, "held, they live");
	leash_release(found[0]);
	leash_release(found[1]);
	is_int(leash_collect(2), 2, "without the flag they are reclaimed when they are dropped");
	eventually(deaths(&obituary) == dead + 2, "and die");
}

static int act(const char *scene)
{
	int t[3];

	if (strcmp(scene, "stats") == 0) {
		leash_gc_disable();
		leash_gc_set_debug(LEASH_GC_DEBUG_STATS);
		drop_pairs(3);
		leash_collect(2);
		leash_collect(0);
		leash_gc_set_debug(0);
		leash_collect(2);
	} else {
		leash_gc_get_threshold(&t[0], &t[1], &t[2]);
		printf("%d %d %d\n", t[0], t[1], t[2]);
	}
	return 0;
}

static void scenes(void)
{
	struct outcome o;

	play(&o, "stats", NULL);
	is_int(o.status, 0, "a program with LEASH_GC_DEBUG_STATS");
	is_int(o.err_lines, 2, "has one line for each round: %s", o.err);
	play(&o, "thresholds", "threshold:12345");
	is_str(o.out, "12345 10 10\n", "LEASH_OPTIONS=threshold:12345 is the first threshold");
	play(&o, "thresholds", "threshold:0");
	is_str(o.out, "0 10 10\n", "LEASH_OPTIONS=threshold:0, too");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return act(argv[1]);
	defaults();
	errors();
	counts();
	stats();
	ages();
	thresholds();
	few_births();
	tracked();
	freezing();
	callback();
	save_all();
	scenes();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
