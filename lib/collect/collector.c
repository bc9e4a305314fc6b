/* The collector's thread, its pace, and the calls of <leash/collect.h>.
 *
 * When.  As CPython's: generation 0 is due when more objects with references have been born than have died, by
 * threshold0, since the last round; generation 1 after so many rounds of 0, 2 after so many of 1.  A full round
 * also waits until its suspects number a quarter of what the last one visited and left alive, so that its cost per
 * suspect is bounded however large the heap is.  Never by the size of the process.  A round without suspects is none: it
 * costs nothing and is not counted.
 *
 * Sleeping.  The thread sleeps until births or suspects bring a round nearer, and says for which of the two it
 * waits:
 *
 *      too few births          a thread that has made a share of the threshold since it last said so wakes it
 *      births, but no suspect  `hungry`: the next guard that makes one wakes it
 *
 * Both are hints; what is missed is made up for by the next.  An idle program wakes nobody.
 *
 * When garbage is made faster than it is collected, births wait for the end of a round: 10 milliseconds at most
 * each time, once in many births, and never in a hook or inside a read section.
 *
 * leash_collect() makes its rounds on the calling thread.  Rounds follow one another under lsh_round_lock; no user's
 * code runs under it but trace callbacks.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <urcu-bp.h>

#include <leash/leash.h>

#include "../background.h"
#include "../death.h"
#include "../fault.h"
#include "../finalizers.h"
#include "../heap.h"
#include "../options.h"
#include "../revoke.h"
#include "../points.h"
#include "../probes.h"
#include "../thread.h"
#include "../worker.h"
#include "collector.h"
#include "round.h"
#include "verdict.h"

#define QUARTER      4
#define TURNS        64    /* of settling, beside threads that never rest */
#define BEHIND_BY    16384 /* suspects in the logs: the collector cannot keep up */
#define WAIT         10000000     /* nanoseconds: for the end of a round */
#define LONG         16384 /* suspects that are looked at though few were born; husks */
#define IDLE         100000000L   /* nanoseconds: for hooks that wait before a round, or after it, and do not get on */
#define BOUND        10000000000L /* for all of them, and for the finalizers of a cycle */

static void body(void);
static struct lsh_worker worker = LSH_WORKER_INIT("leash-collect", body);

bool lsh_collector_hungry;

static int threshold[LEASH_GENERATIONS] = { 700, 10, 10 };
static bool disabled;
static unsigned debug;
static struct {
	leash_gc_fn *fn;
	void *arg;
} watcher; /* under the worker's lock */

/* Under lsh_round_lock, but for `base` and the counts, which are also read without. */
static uint64_t base;                     /* cyclic births - deaths when the last round ended */
static long rounds_since[LEASH_GENERATIONS]; /* [1]: of 0 since the last 1, [2]: of 1 since the last 2 */
static uint64_t left_by_full;             /* what the last full round visited and did not reclaim */
static bool urgent;                       /* memory is short */
static uint64_t full_rounds;              /* made; under the worker's lock */
static int follow_up = -1;                /* a round to be made when hooks have run */
static leash_gc_stats_t stats;            /* under the worker's lock, so that nobody waits for a round to read it */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void)
{
	lsh_start();
	if (lsh_options()->threshold >= 0)
		__atomic_store_n(&threshold[0], lsh_options()->threshold, __ATOMIC_RELAXED);
}

static uint64_t alive(void)
{
	struct lsh_counters sum;

	lsh_counters_sum(&sum);
	return sum.births_cyclic - sum.frees_cyclic;
}

static long net_births(void)
{
	long net = (long)(alive() - __atomic_load_n(&base, __ATOMIC_RELAXED));

	return net > 0 ? net : 0;
}

static int threshold_of(int generation)
{
	return __atomic_load_n(&threshold[generation], __ATOMIC_RELAXED);
}

/* The generation that is due, -1 for none.  Under lsh_round_lock. */
static int due(void)
{
	int generation = follow_up;

	__atomic_store_n(&lsh_collector_hungry, false, __ATOMIC_RELAXED);
	if (__atomic_exchange_n(&urgent, false, __ATOMIC_RELAXED))
		return LEASH_GENERATIONS - 1;
	if (generation >= 0 && !lsh_finalizers_groups()) {
		follow_up = -1;
		return generation;
	}
	if (__atomic_load_n(&disabled, __ATOMIC_RELAXED) || threshold_of(0) == 0)
		return -1;
	if (net_births() <= threshold_of(0) && lsh_waiting[0].count + lsh_logs_length() < LONG)
		return -1;
	if (lsh_logs_count() + lsh_waiting[0].count == 0) {
		__atomic_store_n(&lsh_collector_hungry, true, __ATOMIC_RELAXED);
		return -1;
	}
	if (threshold_of(1) == 0 || rounds_since[1] <= threshold_of(1))
		return 0;
	if (threshold_of(2) == 0 || rounds_since[2] <= threshold_of(2) ||
	    lsh_waiting[2].count < left_by_full / QUARTER)
		return 1;
	return 2;
}

static void tell(enum leash_gc_event event, int generation, long reclaimed)
{
	leash_gc_fn *fn;
	void *arg;

	lsh_lock(&worker.lock);
	fn = watcher.fn;
	arg = watcher.arg;
	lsh_unlock(&worker.lock);
	if (!fn)
		return;
	lsh_hook_begin();
	fn(event, generation, reclaimed, arg);
	lsh_hook_end();
}

/* Under the worker's lock. */
static void account_locked(const struct lsh_round *round, uint64_t nanoseconds)
{
	struct leash_gc_generation *g = &stats.generation[round->generation];

	g->collections++;
	g->collected += round->collected;
	g->uncollectable += round->saved;
	g->rescued += round->rescued;
	g->visited += round->visited;
	g->nanoseconds += nanoseconds;
	g->given_up += round->given_up;
	if (round->bytes > stats.snapshot_bytes_peak)
		stats.snapshot_bytes_peak = round->bytes;
	full_rounds += round->generation == LEASH_GENERATIONS - 1;
}

/* What the pace of the next ones depends on. */
static void keep_pace(const struct lsh_round *round)
{
	int i;

	if (round->generation == 2 && round->visited)
		left_by_full = round->visited - round->collected;
	for (i = 1; i <= round->generation; i++)
		rounds_since[i] = 0;
	if (round->generation < 2)
		rounds_since[round->generation + 1]++;
	__atomic_store_n(&base, alive(), __ATOMIC_RELAXED);
}

/* Makes one round, under the lock. */
static struct lsh_round make_round(int generation, bool exact)
{
	struct lsh_round round = { .generation = generation, .exact = exact };
	uint64_t began = lsh_now(), took;

	LSH_PROBE(collection_begin, generation);
	round.save = __atomic_load_n(&debug, __ATOMIC_RELAXED) & LEASH_GC_DEBUG_SAVEALL;
	lsh_round_run(&round);
	took = lsh_now() - began;
	LSH_PROBE(collection_end, generation, round.visited, round.collected, took);
	keep_pace(&round);
	lsh_histogram_add(&lsh_rounds, took);
	lsh_lock(&worker.lock);
	account_locked(&round, took);
	lsh_worker_progress_locked(&worker);
	lsh_unlock(&worker.lock);
	if (__atomic_load_n(&debug, __ATOMIC_RELAXED) & LEASH_GC_DEBUG_STATS)
		lsh_say("collection of generation %d: %llu looked at, %llu reclaimed, %llu kept, %.3f ms%s",
			generation, (unsigned long long)round.visited, (unsigned long long)round.collected,
			(unsigned long long)round.saved, (double)took / 1e6,
			round.given_up ? ", given up" : "");
	return round;
}

static struct lsh_round collect_once(int generation, bool exact)
{
	struct lsh_round round;

	tell(LEASH_GC_START, generation, 0);
	lsh_lock(&lsh_round_lock);
	round = make_round(generation, exact);
	lsh_round_unlock();
	tell(LEASH_GC_STOP, generation, (long)round.collected);
	return round;
}

/* What has been deferred is a reference from outside until it is subtracted, and so are the fields of objects that wait
 * for the finalizer thread. */
static void settle(void)
{
	struct timespec deadline = lsh_from_now(BOUND);
	struct lsh_record *record = lsh_record();
	enum lsh_pass_found found;
	unsigned turns = 0;
	size_t ended;

	if (record)
		lsh_deferred_flush(record);
	/* What a hook's thread has released since the pass began may be in the background thread's hands: once more. */
	do {
		ended = lsh_finalizers_ended();
		found = lsh_background_pass(true);
		lsh_finalizers_finish(false, IDLE, &deadline);
	} while ((found == LSH_PASS_MORE || lsh_pending_any() || lsh_finalizers_ended() != ended) &&
		 ++turns < TURNS && !lsh_is_past(&deadline));
}

/* Whether this thread has dropped references to what lives on: to what only garbage held, perhaps. */
static bool has_suspects(void)
{
	struct lsh_record *record = lsh_begin();
	bool any = lsh_log_any(record);

	lsh_end(record);
	return any;
}

static long collect(int generation)
{
	struct timespec deadline;
	struct lsh_round round;
	unsigned turns;
	long reclaimed = 0;

	settle();
	for (turns = 0; turns < TURNS; turns++) {
		bool groups;

		round = collect_once(generation, true);
		reclaimed += (long)(round.collected + round.saved);
		/* What finalizers make garbage of is for the next call. */
		groups = turns == 0 ? round.groups : round.waits;
		if (groups) {
			deadline = lsh_from_now(BOUND);
			lsh_finalizers_finish(true, BOUND, &deadline);
		}
		if (!groups && !round.collected)
			break;
		settle();
		if (!groups && !has_suspects())
			break;
	}
	/* Their destroy functions. */
	deadline = lsh_from_now(BOUND);
	lsh_finalizers_finish(false, IDLE, &deadline);
	return round.given_up ? -ENOMEM : reclaimed;
}

long leash_collect(int generation)
{
	if (generation < 0 || generation >= LEASH_GENERATIONS)
		return -EINVAL;
	if (lsh_in_hook())
		return 0;
	if (rcu_read_ongoing())
		return -EDEADLK;
	pthread_once(&once, start);
	return collect(generation);
}

long lsh_collect_all(void)
{
	pthread_once(&once, start);
	return collect(LEASH_GENERATIONS - 1);
}

/* Memory of objects that died while a log or a list remembered them.  Under the round's lock. */
static void scrub(void)
{
	struct lsh_round round = { .only_read = true };
	int g;

	if (lsh_husks() < LONG && lsh_husk_bytes() <= LSH_HUSK_BYTES_MAX)
		return;
	if (lsh_logs_length())
		lsh_round_run(&round);
	if (lsh_husks() < (lsh_waiting[1].count + lsh_waiting[2].count) / 2 &&
	    lsh_husk_bytes() <= LSH_HUSK_BYTES_MAX)
		return;
	for (g = 0; g < LEASH_GENERATIONS; g++)
		lsh_list_scrub(&lsh_waiting[g]);
	lsh_list_scrub(&lsh_frozen);
	lsh_kept_free();
}

static int next_round(void)
{
	int generation;

	lsh_lock(&lsh_round_lock);
	scrub();
	generation = due();
	lsh_round_unlock();
	return generation;
}

static void body(void)
{
	void *volatile memory;

	/* Now that there is memory: liburcu registers the thread, and jemalloc makes its caches (5.3.0 does not survive a
	 * thread whose first malloc finds none). */
	rcu_read_lock();
	rcu_read_unlock();
	memory = malloc(1);
	free(memory);
	while (!lsh_worker_stopping(&worker)) {
		int generation = next_round();

		if (generation < 0) {
			__atomic_store_n(&worker.asleep, 1, __ATOMIC_RELAXED);
			lsh_op_grace();
			generation = next_round();
			if (generation < 0) {
				lsh_worker_sleep(&worker);
				continue;
			}
			__atomic_store_n(&worker.asleep, 0, __ATOMIC_RELAXED);
		}
		if (collect_once(generation, false).groups) {
			lsh_lock(&lsh_round_lock);
			if (follow_up < generation)
				follow_up = generation;
			lsh_round_unlock();
		}
	}
}

void lsh_collector_poke(void)
{
	if (__atomic_load_n(&worker.asleep, __ATOMIC_RELAXED))
		lsh_worker_wake(&worker);
}

/* It may be hungry for as long as a program makes no suspects, and is not to be woken by each release of a leaf. */
void lsh_collector_offer(void)
{
	if (has_suspects())
		lsh_collector_poke();
}

static bool is_behind(void)
{
	return __atomic_load_n(&worker.asleep, __ATOMIC_RELAXED) == 0 && lsh_logs_length() > BEHIND_BY;
}

void lsh_collector_births(struct lsh_record *record)
{
	uint64_t births = __atomic_load_n(&record->counters.births_cyclic, __ATOMIC_RELAXED);
	uint64_t share = (uint64_t)threshold_of(0) / 8, began;
	struct timespec deadline;

	if (births - record->births_told <= share)
		return;
	record->births_told = births;
	if (__atomic_load_n(&disabled, __ATOMIC_RELAXED) || threshold_of(0) == 0)
		return;
	pthread_once(&once, start);
	lsh_collector_poke();
	if (!is_behind() || lsh_in_hook() || rcu_read_ongoing())
		return;
	began = lsh_now();
	deadline = lsh_from_now(WAIT);
	lsh_lock(&worker.lock);
	if (!worker.stopping && worker.running)
		lsh_worker_wait_locked(&worker, &deadline);
	lsh_unlock(&worker.lock);
	lsh_waited_since(began);
}

void lsh_collector_hurry(const struct timespec *deadline)
{
	lsh_lock(&worker.lock);
	if (worker.running && !worker.stopping && !pthread_equal(worker.thread, pthread_self())) {
		uint64_t before = full_rounds;

		__atomic_store_n(&urgent, true, __ATOMIC_RELAXED);
		lsh_worker_wake_locked(&worker);
		while (full_rounds == before && lsh_worker_wait_locked(&worker, deadline))
			;
	}
	lsh_unlock(&worker.lock);
}

void lsh_collector_stop(void)
{
	int g;

	lsh_worker_stop(&worker);
	lsh_lock(&lsh_round_lock);
	for (g = 0; g < LEASH_GENERATIONS; g++)
		lsh_list_scrub(&lsh_waiting[g]);
	lsh_list_scrub(&lsh_frozen);
	lsh_kept_free();
	lsh_graph_clear(&lsh_round_graph, true);
	lsh_verdicts_free();
	lsh_round_unlock();
}

void lsh_collector_lock(void)
{
	pthread_mutex_lock(&worker.lock.mutex);
}

void lsh_collector_unlock(void)
{
	pthread_mutex_unlock(&worker.lock.mutex);
}

void lsh_collector_after_fork(void)
{
	lsh_collector_hungry = false;
	lsh_worker_after_fork(&worker);
}

void leash_gc_enable(void)
{
	__atomic_store_n(&disabled, false, __ATOMIC_RELAXED);
	lsh_collector_poke();
}

void leash_gc_disable(void)
{
	__atomic_store_n(&disabled, true, __ATOMIC_RELAXED);
}

bool leash_gc_is_enabled(void)
{
	return !__atomic_load_n(&disabled, __ATOMIC_RELAXED);
}

void leash_gc_set_threshold(int threshold0, int threshold1, int threshold2)
{
	const int given[LEASH_GENERATIONS] = { threshold0, threshold1, threshold2 };
	int g;

	pthread_once(&once, start);
	for (g = 0; g < LEASH_GENERATIONS; g++)
		__atomic_store_n(&threshold[g], given[g] < 0 ? 0 : given[g], __ATOMIC_RELAXED);
	lsh_collector_poke();
}

void leash_gc_get_threshold(int *threshold0, int *threshold1, int *threshold2)
{
	int *const wanted[LEASH_GENERATIONS] = { threshold0, threshold1, threshold2 };
	int g;

	pthread_once(&once, start);
	for (g = 0; g < LEASH_GENERATIONS; g++)
		if (wanted[g])
			*wanted[g] = threshold_of(g);
}

void leash_gc_get_count(long *count0, long *count1, long *count2)
{
	lsh_lock(&lsh_round_lock);
	if (count0)
		*count0 = net_births();
	if (count1)
		*count1 = rounds_since[1];
	if (count2)
		*count2 = rounds_since[2];
	lsh_round_unlock();
}

void leash_gc_stats(leash_gc_stats_t *wanted)
{
	if (!wanted)
		return;
	lsh_lock(&worker.lock);
	*wanted = stats;
	lsh_unlock(&worker.lock);
}

void leash_gc_on_collection(leash_gc_fn *fn, void *arg)
{
	lsh_lock(&worker.lock);
	watcher.fn = fn;
	watcher.arg = arg;
	lsh_unlock(&worker.lock);
}

void leash_gc_set_debug(unsigned flags)
{
	__atomic_store_n(&debug, flags, __ATOMIC_RELAXED);
}

unsigned leash_gc_get_debug(void)
{
	return __atomic_load_n(&debug, __ATOMIC_RELAXED);
}
