/* The collector's thread and its pace: see collector.c. */
#ifndef LSH_COLLECTOR_H
#define LSH_COLLECTOR_H

#include <stdbool.h>
#include <leash/abi.h>
#include "../track.h"

struct lsh_record;

/* Set while the collector waits for a suspect: there have been births enough. */
extern bool lsh_collector_hungry LSH_HIDDEN;

/* Wakes it.  Outside guards and locks. */
void lsh_collector_poke(void);

/* After a guard that may have made a suspect.  Outside guards and locks. */
void lsh_collector_offer(void);
static inline void lsh_collector_feed(void)
{
	if (__builtin_expect(__atomic_load_n(&lsh_collector_hungry, __ATOMIC_RELAXED), 0))
		lsh_collector_offer();
}

/* Called by births of cyclic types, now and then: wakes the collector when it is time, and waits a little when
 * garbage is made faster than it is collected. */
void lsh_collector_births(struct lsh_record *record);

/* Has the collector's thread, if there is one, make a full round now, and waits for it until the deadline. */
struct timespec;
void lsh_collector_hurry(const struct timespec *deadline);

/* Collects everything, for leash_shutdown().  A negative errno value or the number of objects reclaimed. */
long lsh_collect_all(void);
void lsh_collector_stop(void);

/* Around fork(): see fork.c. */
void lsh_collector_lock(void);
void lsh_collector_unlock(void);
void lsh_collector_after_fork(void);

#endif
