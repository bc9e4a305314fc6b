/* A thread of the library's own that starts when there is something to do and sleeps when there is not:
 * what the background thread and the finalizer thread have in common.  See worker.c. */
#ifndef LSH_WORKER_H
#define LSH_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "lock.h"

struct lsh_worker {
	struct lsh_lock lock; /* protects what follows, and what its user says */
	const char *name;     /* 15 characters at most, or the kernel takes none */
	void (*body)(void);   /* returns when lsh_worker_stopping() */
	pthread_cond_t wake;
	pthread_cond_t progress; /* for those who wait for the thread */
	pthread_t thread;
	unsigned asleep;         /* atomic; also while the thread does not exist */
	bool ready;              /* the condition variables are initialised */
	bool running;
	bool stopping;
};

#define LSH_WORKER_INIT(n, b) \
	{ .lock = LSH_LOCK_INIT(LSH_RANK_WORKER), .name = (n), .body = (b), .asleep = 1 }

/* Has the thread run again, starting it if need be.  Under its lock. */
void lsh_worker_wake_locked(struct lsh_worker *worker);
void lsh_worker_wake(struct lsh_worker *worker);

/* For the thread itself: waits until woken, after it has set `asleep` and found nothing to do; or for some
 * nanoseconds at most. */
void lsh_worker_sleep(struct lsh_worker *worker);
void lsh_worker_doze(struct lsh_worker *worker, long nanoseconds);
bool lsh_worker_doze_locked(struct lsh_worker *worker, const struct timespec *deadline); /* false when it has passed */
bool lsh_worker_stopping(struct lsh_worker *worker);

/* Tells those who wait.  Under its lock. */
void lsh_worker_progress_locked(struct lsh_worker *worker);

/* Waits for progress until the deadline (CLOCK_MONOTONIC); false when it has passed.  Under its lock. */
bool lsh_worker_wait_locked(struct lsh_worker *worker, const struct timespec *deadline);

/* Ends the thread and waits for its end. */
void lsh_worker_stop(struct lsh_worker *worker);

/* In the child of a fork, where the thread does not exist; under its lock. */
void lsh_worker_after_fork(struct lsh_worker *worker);

/* Nanoseconds, and deadlines, by CLOCK_MONOTONIC. */
uint64_t lsh_now(void);
struct timespec lsh_from_now(long nanoseconds);
bool lsh_is_past(const struct timespec *deadline);

#endif
