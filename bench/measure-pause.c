/* How long the collector holds up a thread that works on what it is looking at.
 *
 * A thread does batches of 50 changes, each a retain, a leash_set() and a release at objects drawn at random
 * from 1,000,000 live ones that are linked with each other.  Another thread meanwhile runs full rounds, one
 * after the other, which find suspects enough in what the first has changed, and look at all of the million; or it
 * sleeps, and automatic collection is off.  The first goes on until such a round is over.  Compared is the
 * time, by the wall clock, below which 99.99 of 100 batches stay.
 *
 * Each thread is bound to a processor of its own, and a batch during which the system gave the processor to
 * somebody else (ru_nivcsw has changed) is repeated: that is no doing of the collector's.
 */
#include "measure.h"

#include "clock.h"
#include "hand.h"
#include "pairs.h"
#include "processors.h"
#include "quantile.h"
#include "rest.h"

#include <leash/leash.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>

#define NAME     "pause"
#define LIVE     1000000
#define BATCH    50
#define BATCHES  50000
#define MOST     500000
#define ATTEMPTS (2 * MOST)
#define SHARE    0.9999

struct node {
	struct node *next; /* a ring of them all: whoever looks at one looks at a million */
	struct node *other;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next, other),
};

static struct node *nodes[LIVE];
static struct hand collector;
static long rounds; /* that looked at everything */
static int stop;

static struct node *draw(uint64_t *random)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return nodes[(*random >> 32) * LIVE >> 32];
}

static void batch(uint64_t *random)
{
	for (int i = 0; i < BATCH; i++) {
		struct node *from = draw(random), *to = draw(random);

		(void)leash_retain(to);
		leash_set(&from->other, to);
		leash_release(to);
	}
}

static long preempted(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/* The slowest but one in ten thousand, or -1.  Goes on until so many rounds are over. */
static double slowest(long wanted)
{
	static double times[MOST];
	static uint64_t random = 1;
	int taken = 0;

	for (int i = 0; i < ATTEMPTS && taken < MOST; i++) {
		long before;
		double start;

		if (taken >= BATCHES && __atomic_load_n(&rounds, __ATOMIC_RELAXED) >= wanted)
			break;
		before = preempted();
		start = wall_ns();
		batch(&random);
		times[taken] = wall_ns() - start;
		if (preempted() == before)
			taken++;
	}
	if (taken < BATCHES) {
		fprintf(stderr, "ratios: " NAME ": the processors are busy with other work\n");
		return -1;
	}
	return quantile(times, taken, SHARE);
}

static long visited(void)
{
	leash_gc_stats_t stats;

	leash_gc_stats(&stats);
	return (long)stats.generation[2].visited;
}

static void collect_again_and_again(void *arg)
{
	(void)arg;
	processors_bind(1);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		long before = visited();

		pairs_drop(2);
		leash_collect(2);
		if (visited() - before >= LIVE)
			__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
}

/* The library's threads are started before anybody is bound, or they would inherit that. */
static void build(void)
{
	leash_gc_disable();
	for (long i = 0; i < LIVE; i++)
		nodes[i] = leash_new(&node_type);
	for (long i = 0; i < LIVE; i++)
		leash_set(&nodes[i]->next, nodes[(i + 1) % LIVE]);
	pairs_drop(2);
	leash_collect(2);
	rest();
}

static void drop(void)
{
	for (long i = 0; i < LIVE; i++)
		leash_clear(&nodes[i]);
	leash_collect(2);
	leash_gc_enable();
}

static double take_rounds(void)
{
	double time;

	stop = 0;
	rounds = 0;
	hand_give(&collector, collect_again_and_again, NULL);
	processors_bind(0);
	time = slowest(1);
	processors_unbind();
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	hand_wait(&collector);
	if (time > 0 && rounds == 0) {
		fprintf(stderr, "ratios: " NAME ": no full round has looked at everything\n");
		time = -1;
	}
	return time;
}

static double take_disabled(void)
{
	double time;

	rest();
	processors_bind(0);
	time = slowest(0);
	processors_unbind();
	return time;
}

bool measure_pause(int repetitions, struct outcome *outcome)
{
	static const struct cost costs[2] = {
		{ "p99.99, full rounds", take_rounds },
		{ "disabled", take_disabled },
	};
	bool taken;

	if (processors_count() < 2) {
		fprintf(stderr, "ratios: " NAME ": needs 2 processors\n");
		return false;
	}
	build();
	hand_start(&collector);
	taken = alternate(costs, repetitions, outcome);
	hand_stop(&collector);
	drop();
	return taken;
}
