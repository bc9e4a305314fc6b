/* Live objects that lose references all the time, and from which half the heap can be reached.
 *
 * Each of 2,000,000 spokes is retained and released, one after the other, with automatic collection.  That makes
 * suspects of all of them, and the collector may look at whatever they reach: with the field set that is a hub and
 * the 1,000,000 objects it refers to; without it, nothing.  Hub and objects exist on both sides.
 *
 * Collections are due when enough objects have been born: so after every 2,000 spokes there are some births,
 * and then a pause until the collector has made a round, a thousand in all.  The thresholds are low, so that full
 * rounds come as often as the collector lets them.  The stretch is timed until the library rests.
 */
#include "measure.h"

#include "case.h"
#include "clock.h"
#include "rest.h"

#include <leash/leash.h>
#include <stdio.h>

#define NAME      "hub"
#define SPOKES    2000000
#define OTHERS    1000000
#define CHUNK     2000
#define PER_BORN  10 /* one birth for so many spokes: more than the threshold in a chunk */
#define THRESHOLD 100
#define BORN      (SPOKES / PER_BORN)
#define PATIENCE  100

struct spoke {
	struct hub *hub;
	long value;
};

struct hub {
	long value;
	struct spoke *others[];
};

static const leash_type spoke_type = {
	.name = "spoke",
	.size = sizeof(struct spoke),
	LEASH_FIELDS(struct spoke, hub),
};

static const leash_type hub_type = {
	.name = "hub",
	.size = sizeof(struct hub),
	LEASH_FIELDS(struct hub, LEASH_TAIL(others)),
};

static struct spoke *spokes[SPOKES], *born[BORN];

static struct hub *build(void)
{
	struct hub *hub = leash_new_extra(&hub_type, OTHERS * sizeof(hub->others[0]));

	for (long i = 0; i < OTHERS; i++)
		leash_set_take(&hub->others[i], leash_new(&spoke_type));
	for (long i = 0; i < SPOKES; i++)
		spokes[i] = leash_new(&spoke_type);
	return hub;
}

static void connect(struct hub *hub)
{
	for (long i = 0; i < SPOKES; i++)
		leash_set(&spokes[i]->hub, hub);
}

static void sum_rounds(long *all, long *full)
{
	leash_gc_stats_t stats;

	leash_gc_stats(&stats);
	*full = (long)stats.generation[2].collections;
	*all = (long)(stats.generation[0].collections + stats.generation[1].collections) + *full;
}

static void await_round(long before)
{
	const struct timespec moment = { .tv_nsec = 200000 };
	long all, full;

	for (int i = 0; i < PATIENCE; i++) {
		sum_rounds(&all, &full);
		if (all != before)
			return;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
	}
}

static void take_turns(void)
{
	for (long from = 0; from < SPOKES; from += CHUNK) {
		long all, full;

		sum_rounds(&all, &full);
		for (long i = from; i < from + CHUNK; i++) {
			(void)leash_retain(spokes[i]);
			bench_barrier();
			leash_release(spokes[i]);
		}
		for (long i = from; i < from + CHUNK; i += PER_BORN)
			born[i / PER_BORN] = leash_new(&spoke_type);
		await_round(all);
	}
}

static void drop(struct hub *hub)
{
	for (long i = 0; i < SPOKES; i++)
		leash_clear(&spokes[i]);
	for (long i = 0; i < BORN; i++)
		leash_clear(&born[i]);
	leash_release(hub);
	leash_collect(2);
}

static double with(bool connected)
{
	struct hub *hub;
	double cost;
	long all, before, after;

	leash_gc_disable();
	leash_gc_set_threshold(THRESHOLD, 1, 1);
	hub = build();
	if (connected)
		connect(hub);
	leash_collect(2);
	leash_gc_enable();
	rest();

	sum_rounds(&all, &before);
	cost = process_ns();
	take_turns();
	rest();
	cost = process_ns() - cost;
	sum_rounds(&all, &after);
	drop(hub);
	if (after == before) {
		fprintf(stderr, "ratios: " NAME ": no full round came about\n");
		return -1;
	}
	return cost / SPOKES;
}

double hub_with(void)
{
	return with(true);
}

double hub_without(void)
{
	return with(false);
}
