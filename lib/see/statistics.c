/* Statistics: the counters' sum, and the gathering of what all the others know.
 *
 * Nobody is stopped.  Locks are taken one at a time, such as are held for moments only; what a round of the collector
 * holds for long is not among them.
 *
 * Counters go on while they are read.  All that ends is read before all that begins: so an end whose beginning is
 * missing is not seen, whichever threads the two belong to, and no difference is negative.
 */
#include "../blocks.h"
#include "../collect/array.h"
#include "../collect/round.h"
#include "../finalizers.h"
#include "../heap.h"
#include "../revoke.h"
#include "../thread.h"
#include "statistics.h"

struct lsh_counters lsh_past_counters; /* of threads that ended; under the registry's lock */
static uint64_t past_taken, past_returned; /* the same, and of threads without a record; atomic */
static uint64_t immortals;
static uint64_t owners_deaths; /* as many as have been said */

#define LOAD(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)

void lsh_counters_immortal(void)
{
	__atomic_fetch_add(&immortals, 1, __ATOMIC_RELAXED);
}

uint64_t lsh_counters_immortals(void)
{
	return LOAD(immortals);
}

void lsh_counters_taken(size_t bytes)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;

	if (record->hot.id == LEASH__UNATTACHED)
		__atomic_fetch_add(&past_taken, bytes, __ATOMIC_RELAXED);
	else
		LSH_ADD(record->bytes_taken, bytes);
}

void lsh_counters_returned(size_t bytes)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;

	if (record->hot.id == LEASH__UNATTACHED)
		__atomic_fetch_add(&past_returned, bytes, __ATOMIC_RELAXED);
	else
		LSH_ADD(record->bytes_returned, bytes);
}

/* With acquire, so that beginnings are read later. */
static void add_ends(struct lsh_counters *sum, const struct lsh_counters *counters)
{
#define LSH_COUNTER(name) sum->name += __atomic_load_n(&counters->name, __ATOMIC_ACQUIRE);
	LSH_ENDS(LSH_COUNTER)
#undef LSH_COUNTER
}

static void add_beginnings(struct lsh_counters *sum, const struct lsh_counters *counters)
{
#define LSH_COUNTER(name) sum->name += LOAD(counters->name);
	LSH_BEGINNINGS(LSH_COUNTER)
#undef LSH_COUNTER
}

void lsh_counters_retire(const struct lsh_record *record)
{
	add_ends(&lsh_past_counters, &record->counters);
	add_beginnings(&lsh_past_counters, &record->counters);
	__atomic_fetch_add(&past_taken, LOAD(record->bytes_taken), __ATOMIC_RELAXED);
	__atomic_fetch_add(&past_returned, LOAD(record->bytes_returned), __ATOMIC_RELAXED);
}

static void sum_locked(struct lsh_counters *sum)
{
	const struct lsh_record *record;

	*sum = lsh_past_counters;
	for (record = lsh_records(); record; record = record->next)
		add_ends(sum, &record->counters);
	for (record = lsh_records(); record; record = record->next)
		add_beginnings(sum, &record->counters);
	sum->births += sum->births_cyclic;
	sum->frees += sum->frees_cyclic;
}

void lsh_counters_sum(struct lsh_counters *sum)
{
	lsh_lock(&lsh_registry);
	sum_locked(sum);
	lsh_unlock(&lsh_registry);
}

static uint64_t block_bytes_locked(void)
{
	const struct lsh_record *record;
	uint64_t returned = __atomic_load_n(&past_returned, __ATOMIC_ACQUIRE), taken;

	for (record = lsh_records(); record; record = record->next)
		returned += __atomic_load_n(&record->bytes_returned, __ATOMIC_ACQUIRE);
	taken = LOAD(past_taken);
	for (record = lsh_records(); record; record = record->next)
		taken += LOAD(record->bytes_taken);
	return taken - returned;
}

/* Those that the owner finds are not counted: the rest of the others, which are counted when an object has died and not
 * only when its memory has gone.  So it may seem less than it was a moment ago, which a counter must not be. */
static uint64_t deaths_owner(const struct lsh_counters *sum)
{
	uint64_t all = sum->frees + sum->finalized;
	uint64_t others = sum->deaths_shared + sum->deaths_deferred + sum->deaths_revoked + sum->deaths_collected;
	uint64_t deaths = all > others ? all - others : 0, said = LOAD(owners_deaths);

	while (said < deaths && !__atomic_compare_exchange_n(&owners_deaths, &said, deaths, false, __ATOMIC_RELAXED,
							     __ATOMIC_RELAXED))
		;
	return said > deaths ? said : deaths;
}

static void read_counters(struct lsh_statistics *s)
{
	const struct lsh_record *record;

	lsh_lock(&lsh_registry);
	sum_locked(&s->counters);
	s->block_bytes = block_bytes_locked();
	for (record = lsh_records(); record; record = record->next)
		s->threads += !lsh_is_guest(record);
	lsh_unlock(&lsh_registry);
	s->alive = s->counters.births - s->counters.frees;
	s->immortal = lsh_counters_immortals();
	s->deaths[0] = deaths_owner(&s->counters);
	s->deaths[1] = s->counters.deaths_shared;
	s->deaths[2] = s->counters.deaths_deferred;
	s->deaths[3] = s->counters.deaths_revoked;
	s->deaths[4] = s->counters.deaths_collected;
}

static void read_queues(struct lsh_statistics *s)
{
	size_t listed[LSH_LISTED];
	int g;

	s->waiting[0] = lsh_pending_count();
	s->waiting[1] = lsh_finalizers_waiting();
	s->waiting[2] = lsh_retired_waiting();
	s->logged = lsh_logs_open() + lsh_logs_length();
	lsh_round_listed(listed);
	for (g = 0; g < LEASH_GENERATIONS; g++)
		s->suspects[g] = listed[g];
	s->frozen = listed[LSH_LISTED_FROZEN];
	s->garbage = listed[LSH_LISTED_SAVED];
	s->husks = lsh_husks();
	s->husk_bytes = lsh_husk_bytes();
}

static void read_collections(struct lsh_statistics *s)
{
	leash_gc_stats_t stats;
	int g;

	leash_gc_stats(&stats);
	for (g = 0; g < LEASH_GENERATIONS; g++) {
		const struct leash_gc_generation *generation = &stats.generation[g];

		s->collections[g] = generation->collections;
		s->reclaimed[g] = generation->collected;
		s->kept[g] = generation->uncollectable;
		s->rescued[g] = generation->rescued;
		s->visited[g] = generation->visited;
		s->given_up[g] = generation->given_up;
		s->collecting[g] = generation->nanoseconds;
	}
	s->snapshot_bytes = stats.snapshot_bytes_peak;
	s->collector_bytes = lsh_array_total();
}

void lsh_statistics_read(struct lsh_statistics *statistics)
{
	*statistics = (struct lsh_statistics){ .alive = 0 };
	read_counters(statistics);
	read_queues(statistics);
	read_collections(statistics);
	statistics->depot_bytes = lsh_depot_bytes();
	lsh_allocator_bytes(statistics->allocator_bytes);
	statistics->waits = lsh_histogram_read(&lsh_waits);
	statistics->rounds = lsh_histogram_read(&lsh_rounds);
}
