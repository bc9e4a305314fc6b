/* The thread that runs the hooks of deferred deaths: see finalizers.c. */
#ifndef LSH_FINALIZERS_H
#define LSH_FINALIZERS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <leash/abi.h>

/* Queues a dead object whose type has hooks. */
void lsh_finalizers_push(struct leash__header *h);

/* Queues a dead object that readers may be looking at: it is buried when they no longer can. */
void lsh_finalizers_push_published(struct leash__header *h);

/* As leash_retire(), for memory that has a place for this in it: it needs none, and may be called anywhere. */
struct lsh_retired {
	struct lsh_retired *next;
};
/* What is freed by one function.  It is there for ever; all but the first is finalizers.c's. */
struct lsh_retired_kind {
	void (*free_fn)(struct lsh_retired *node);
	struct lsh_retired *waiting, *going;
	struct lsh_retired_kind *next_waiting, *next_going;
};
void lsh_retire(struct lsh_retired_kind *kind, struct lsh_retired *node);

/* Queues dead leaves, whose memory goes when readers no longer look at it (shown.h). */
struct lsh_leaves;
void lsh_finalizers_push_leaves(struct lsh_leaves *leaves);

/* Has the thread wait for readers, for somebody who has asked (readers.h). */
void lsh_finalizers_await_readers(void);

/* Queues a group (groups.h). */
struct lsh_group;
void lsh_finalizers_push_group(struct lsh_group *group);

/* How many groups are queued or in work. */
size_t lsh_finalizers_groups(void);

/* Waits until nothing is queued or in work, or no group, and runs some of it on this thread when the other does not get
 * on.  Not for longer than `idle` nanoseconds if nothing gets done at all, nor past the deadline: a hook that
 * never returns is not waited for, for ever. */
void lsh_finalizers_finish(bool only_groups, long idle, const struct timespec *deadline);

/* Runs some of the backlog on this thread if there is too much of it. */
void lsh_finalizers_help(void);

/* Waits, for a bounded time, if there is far too much backlog. */
void lsh_finalizers_throttle(void);

/* How many items have ended, ever. */
size_t lsh_finalizers_ended(void);

/* How many of them are queued or in work: dead objects and groups; buffers and leaves. */
size_t lsh_finalizers_waiting(void);
size_t lsh_retired_waiting(void);

/* Whether anything is queued or in work. */
bool lsh_finalizers_busy(void);

/* Waits until the backlog is empty.  False when the deadline (CLOCK_MONOTONIC) passed. */
bool lsh_finalizers_wait(const struct timespec *deadline);

/* Ends the thread; it starts again on demand.  Only with an empty backlog. */
void lsh_finalizers_stop(void);

/* Around fork(): see fork.c.  The last two in the child, with the locks held, and without. */
void lsh_finalizers_lock(void);
void lsh_finalizers_unlock(void);
void lsh_finalizers_after_fork(void);
void lsh_finalizers_take_up(void);

#endif
