/* The library's locks and their order.
 *
 * A thread may take a lock only while it holds none of the same or a higher rank.  None is taken
 * inside a guard, except the guest's, which is taken before it; no users' code runs under any.
 */
#ifndef LSH_LOCK_H
#define LSH_LOCK_H

#include <pthread.h>

enum lsh_rank {
	LSH_RANK_SHUTDOWN = 1, /* one leash_shutdown() at a time */
	LSH_RANK_ROUND,      /* one round of the collector at a time */
	LSH_RANK_PASS,       /* one revocation, or pass of the background thread, at a time */
	LSH_RANK_GRACE,      /* nothing: it keeps forks out of waits for liburcu's readers */
	LSH_RANK_REGISTRY,   /* the list of records and the free ids */
	LSH_RANK_GUEST,      /* the record shared by threads that cannot have their own */
	LSH_RANK_PENDING,    /* one list of objects that wait for revocation */
	LSH_RANK_TYPES,      /* the table of types, for writing */
	LSH_RANK_WATCHES,    /* who is to be told of deaths */
	LSH_RANK_CENSUS,     /* a part of the table of all objects */
	LSH_RANK_CHUNKS,     /* empty chunks of logs */
	LSH_RANK_DEPOT,      /* free blocks between threads */
	LSH_RANK_WORKER,     /* the state of one of the library's threads */
};

struct lsh_lock {
	pthread_mutex_t mutex;
	enum lsh_rank rank;
};

#define LSH_LOCK_INIT(r) { PTHREAD_MUTEX_INITIALIZER, r }

#ifdef LEASH_DEBUG
void lsh_lock_check(enum lsh_rank rank);
void lsh_lock_note(enum lsh_rank rank, int taken);
#else
static inline void lsh_lock_check(enum lsh_rank rank) { (void)rank; }
static inline void lsh_lock_note(enum lsh_rank rank, int taken) { (void)rank; (void)taken; }
#endif

static inline void lsh_lock(struct lsh_lock *lock)
{
	lsh_lock_check(lock->rank);
	pthread_mutex_lock(&lock->mutex);
	lsh_lock_note(lock->rank, 1);
}

static inline void lsh_unlock(struct lsh_lock *lock)
{
	lsh_lock_note(lock->rank, 0);
	pthread_mutex_unlock(&lock->mutex);
}

#endif
