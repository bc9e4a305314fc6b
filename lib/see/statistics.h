/* Counters: one set per thread, written by it alone, summed when somebody asks; and all that statistics say. */
#ifndef LSH_STATISTICS_H
#define LSH_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include <leash/collect.h>

#include "histogram.h"

struct lsh_record;

#define LSH_BEGINNINGS(X)                                                                \
	X(births)            /* objects made */                                          \
	X(births_cyclic)     /* of these, objects that may be part of a cycle */         \
	X(deaths_shared)     /* found by a release of a merged object */                 \
	X(deaths_deferred)   /* found when deferred decrements were applied */           \
	X(deaths_revoked)    /* found by the fold after a revocation */                  \
	X(deaths_collected)  /* garbage in cycles */                                     \
	X(merges)            /* owner's and shared count put together by the owner */    \
	X(adoptions)         /* bias given to a receiver */                              \
	X(revocations)       /* objects whose owner was taken away */                    \
	X(revocation_batches)/* op-graces that took */                                   \
	X(flushes)           /* tables of deferred decrements emptied */
#define LSH_ENDS(X)                                                                      \
	X(finalized)         /* dead, and brought back once for close or finalize */     \
	X(frees)             /* objects whose memory went */                             \
	X(frees_cyclic)      /* of these, those that might have been part of a cycle */
#define LSH_COUNTERS(X) LSH_BEGINNINGS(X) LSH_ENDS(X)

struct lsh_counters {
#define LSH_COUNTER(name) uint64_t name;
	LSH_COUNTERS(LSH_COUNTER)
#undef LSH_COUNTER
};

/* births - frees is the number of objects in memory.  Deaths that the owner finds are not counted, being the
 * most frequent: at rest they are frees + finalized - the other deaths. */

/* Adds to a counter of the calling thread's own record. */
#define LSH_ADD(counter, n)                                                              \
	__atomic_store_n(&(counter), __atomic_load_n(&(counter), __ATOMIC_RELAXED) + (n), __ATOMIC_RELAXED)
#define LSH_COUNT_N(record, name, n) LSH_ADD((record)->counters.name, n)
#define LSH_COUNT(record, name)      LSH_COUNT_N(record, name, 1)

/* births and frees count the others in a thread's own set; the sums are of all. */
#define LSH_COUNT_KIND(record, name, cyclic)                                             \
	do {                                                                             \
		uint64_t *lsh_counter = (cyclic) ? &(record)->counters.name##_cyclic     \
						 : &(record)->counters.name;             \
		LSH_ADD(*lsh_counter, 1);                                                \
	} while (0)

/* An object became immortal. */
void lsh_counters_immortal(void);
uint64_t lsh_counters_immortals(void);

/* Memory for blocks came from the allocator, or went back to it. */
void lsh_counters_taken(size_t bytes);
void lsh_counters_returned(size_t bytes);

/* The sum over all threads, past ones included.  Nothing has ended in it that has not begun. */
void lsh_counters_sum(struct lsh_counters *sum);

/* Of threads that ended; under the registry's lock. */
extern struct lsh_counters lsh_past_counters;

/* Moves the counters of a record that ends into the sum; under the registry's lock. */
void lsh_counters_retire(const struct lsh_record *record);

#define LSH_ABSENT UINT64_MAX /* a number that is not known here */

/* All there is to say.  What stands in arrays is labelled: print.c. */
struct lsh_statistics {
	struct lsh_counters counters;
	uint64_t deaths[5];
	uint64_t alive, immortal, threads;
	uint64_t waiting[3];
	uint64_t logged, suspects[LEASH_GENERATIONS], frozen, garbage;
	uint64_t husks, husk_bytes;
	uint64_t collections[LEASH_GENERATIONS], reclaimed[LEASH_GENERATIONS], kept[LEASH_GENERATIONS];
	uint64_t rescued[LEASH_GENERATIONS], visited[LEASH_GENERATIONS], given_up[LEASH_GENERATIONS];
	uint64_t collecting[LEASH_GENERATIONS];
	uint64_t snapshot_bytes, collector_bytes;
	uint64_t block_bytes, depot_bytes;
	uint64_t allocator_bytes[4];
	struct lsh_histogram waits, rounds;
};
void lsh_statistics_read(struct lsh_statistics *statistics);

#endif
