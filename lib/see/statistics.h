/* Counters: one set per thread, written by it alone, summed when somebody asks. */
#ifndef LSH_STATISTICS_H
#define LSH_STATISTICS_H

#include <stdint.h>

#define LSH_COUNTERS(X)                                                                  \
	X(births)            /* objects made */                                          \
	X(births_cyclic)     /* of these, objects that may be part of a cycle */         \
	X(deaths_shared)     /* found by a release of a merged object */                 \
	X(deaths_deferred)   /* found when deferred decrements were applied */           \
	X(deaths_revoked)    /* found by the fold after a revocation */                  \
	X(deaths_collected)  /* garbage in cycles */                                      \
	X(finalized)         /* of these, brought back once for close or finalize */      \
	X(merges)            /* owner's and shared count put together by the owner */    \
	X(adoptions)         /* bias given to a receiver */                              \
	X(revocations)       /* objects whose owner was taken away */                    \
	X(revocation_batches)/* op-graces that took */                                   \
	X(flushes)           /* tables of deferred decrements emptied */                 \
	X(frees)             /* objects whose memory went */                             \
	X(frees_cyclic)      /* of these, those that might have been part of a cycle */

struct lsh_counters {
#define LSH_COUNTER(name) uint64_t name;
	LSH_COUNTERS(LSH_COUNTER)
#undef LSH_COUNTER
};

/* births - frees is the number of objects in memory.  Deaths that the owner finds are not counted, being the
 * most frequent: at rest they are frees + finalized - the other deaths. */

/* Adds to a counter of the calling thread's own record. */
#define LSH_COUNT_N(record, name, n)                                                     \
	__atomic_store_n(&(record)->counters.name,                                       \
			 __atomic_load_n(&(record)->counters.name, __ATOMIC_RELAXED) + (n), \
			 __ATOMIC_RELAXED)
#define LSH_COUNT(record, name) LSH_COUNT_N(record, name, 1)

/* births and frees count the others in a thread's own set; the sums are of all. */
#define LSH_COUNT_KIND(record, name, cyclic)                                             \
	do {                                                                             \
		uint64_t *lsh_counter = (cyclic) ? &(record)->counters.name##_cyclic     \
						 : &(record)->counters.name;             \
		__atomic_store_n(lsh_counter,                                            \
				 __atomic_load_n(lsh_counter, __ATOMIC_RELAXED) + 1,     \
				 __ATOMIC_RELAXED);                                      \
	} while (0)

/* An object became immortal. */
void lsh_counters_immortal(void);
uint64_t lsh_counters_immortals(void);

/* The sum over all threads, past ones included. */
void lsh_counters_sum(struct lsh_counters *sum);

/* Moves the counters of a record that ends into the sum; under the registry's lock. */
void lsh_counters_retire(const struct lsh_counters *counters);

#endif
