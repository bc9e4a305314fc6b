/* How fast each engine walks.
 *
 * Machines are noisy, and their clocks drift: the engines take turns in short slices, a round
 * is a slice of each, the order within a round alternates, and what counts is the median over
 * all rounds of the ratio within a round.  In a round both engines' threads begin with the same
 * random numbers and so walk from the same packages, one of them further than the other.
 *
 * A step's cost is the time that the whole process spent on processors: threads of the library
 * work too, and other processes do not count.  Nothing in a walk ever waits.
 */
#include "measure.h"

#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE      0.1 /* seconds, if there are rounds enough */
#define ROUNDS_MIN 5

static double read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void sleep_until(double then)
{
	double left;

	while ((left = then - read_clock(CLOCK_MONOTONIC)) > 0) {
		struct timespec t = { .tv_sec = (time_t)left };

		t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
		nanosleep(&t, NULL);
	}
}

/* One of the generators of Steele, Lea, Flood (SplitMix): neighbours become strangers. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static void start_walking(struct walking *walking, struct pool *pool, uint64_t seed)
{
	for (unsigned i = 0; i < pool_threads(pool); i++) {
		walking->walkers[i].random = mix(seed + i) | 1;
		walking->walkers[i].walks = walking->walkers[i].steps = 0;
	}
	walking->begun = 0;
	__atomic_store_n(&walking->stop, false, __ATOMIC_RELAXED);
	pool_start(pool, walking->engine->walk, walking);
}

static void stop_walking(struct walking *walking, struct pool *pool)
{
	__atomic_store_n(&walking->stop, true, __ATOMIC_RELAXED);
	pool_wait(pool);
}

static struct rates run_slice(struct walking *walking, struct pool *pool, double seconds,
			      uint64_t seed)
{
	uint64_t walks = 0, steps = 0;
	double begin, elapsed, processor;

	processor = read_clock(CLOCK_PROCESS_CPUTIME_ID);
	begin = read_clock(CLOCK_MONOTONIC);
	start_walking(walking, pool, seed);
	sleep_until(begin + seconds);
	stop_walking(walking, pool);
	elapsed = read_clock(CLOCK_MONOTONIC) - begin;
	processor = read_clock(CLOCK_PROCESS_CPUTIME_ID) - processor;
	for (unsigned i = 0; i < pool_threads(pool); i++) {
		walks += walking->walkers[i].walks;
		steps += walking->walkers[i].steps;
	}
	/* On a crowded machine a slice can go by before any thread has begun. */
	return (struct rates){
		.walks = (double)walks / elapsed,
		.step = processor * 1e9 / (double)(steps ? steps : 1),
	};
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), ascending);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void free_walkers(struct walker *walkers, unsigned threads)
{
	for (unsigned i = 0; walkers != NULL && i < threads; i++) {
		free(walkers[i].visited);
		free(walkers[i].stack);
	}
	free(walkers);
}

static struct walker *make_walkers(unsigned threads, const struct database *db)
{
	size_t size = threads * sizeof(struct walker);
	struct walker *walkers = aligned_alloc(_Alignof(struct walker), size);
	bool ok = walkers != NULL;

	if (!ok)
		return NULL;
	memset(walkers, 0, size);
	for (unsigned i = 0; ok && i < threads; i++) {
		walkers[i].visited = calloc(db->name_count, sizeof(*walkers[i].visited));
		walkers[i].stack = calloc(db->name_count, sizeof(*walkers[i].stack));
		ok = walkers[i].visited != NULL && walkers[i].stack != NULL;
	}
	if (!ok) {
		free_walkers(walkers, threads);
		return NULL;
	}
	return walkers;
}

int measure(struct measurement *result, const struct engine *const engines[ENGINES],
	    const struct database *db, struct pool *pool, double seconds, uint64_t seed,
	    measure_progress *progress, void *arg)
{
	double per_round = ENGINES * SLICE;
	unsigned rounds = seconds / per_round < ROUNDS_MIN ? ROUNDS_MIN :
							     (unsigned)(seconds / per_round);
	double slice = seconds / rounds / ENGINES;
	struct walking walking = { .db = db };
	double *values = calloc(5 * (size_t)rounds, sizeof(*values));
	double *walks[ENGINES], *step[ENGINES], *ratio;

	walking.walkers = make_walkers(pool_threads(pool), db);
	if (values == NULL || walking.walkers == NULL) {
		free_walkers(walking.walkers, pool_threads(pool));
		free(values);
		return -1;
	}
	ratio = values;
	for (int e = 0; e < ENGINES; e++) {
		walks[e] = values + (size_t)rounds * (size_t)(1 + e);
		step[e] = values + (size_t)rounds * (size_t)(1 + ENGINES + e);
	}
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < ENGINES; k++) {
			unsigned e = (i + k) % ENGINES;
			struct rates rates;

			walking.engine = engines[e];
			rates = run_slice(&walking, pool, slice, mix(seed) + ((uint64_t)i << 16));
			walks[e][i] = rates.walks;
			step[e][i] = rates.step;
			progress(arg, (double)(i * ENGINES + k + 1) / (rounds * ENGINES), (int)e,
				 &rates);
		}
		ratio[i] = step[NAIVE][i] / step[LEASH][i];
	}
	for (int e = 0; e < ENGINES; e++) {
		result->rates[e].walks = median(walks[e], rounds);
		result->rates[e].step = median(step[e], rounds);
	}
	result->ratio = median(ratio, rounds);
	result->lowest = ratio[0];
	result->highest = ratio[rounds - 1];
	result->rounds = rounds;
	free_walkers(walking.walkers, pool_threads(pool));
	free(values);
	return 0;
}

int measure_collection(struct collection *result, const struct engine *engine,
		       const struct database *db, struct pool *pool, uint64_t seed)
{
	unsigned threads = pool_threads(pool);
	struct walking walking = { .engine = engine, .db = db };
	double begin;

	*result = (struct collection){ 0 };
	walking.walkers = make_walkers(threads, db);
	if (walking.walkers == NULL)
		return -1;
	start_walking(&walking, pool, seed);
	while (__atomic_load_n(&walking.begun, __ATOMIC_RELAXED) != threads)
		sched_yield();
	begin = read_clock(CLOCK_MONOTONIC);
	result->reclaimed = engine->collect();
	result->left = engine->left_aside();
	result->seconds = read_clock(CLOCK_MONOTONIC) - begin;
	stop_walking(&walking, pool);
	for (unsigned i = 0; i < threads; i++)
		result->steps += walking.walkers[i].steps;
	free_walkers(walking.walkers, threads);
	return 0;
}
