/* Merging without asking the owner: see revoke.c. */
#ifndef LSH_REVOKE_H
#define LSH_REVOKE_H

#include <stdbool.h>
#include <stddef.h>
#include <urcu-bp.h>
#include <leash/abi.h>
#include "lock.h"
#include "track.h"

/* Queues an object whose PENDING flag the caller has just set; the entry holds one reference, the
 * decrement that was not applied.  Outside guards and locks above LSH_RANK_PENDING.  Without memory for the
 * queue it revokes at once. */
void lsh_pending_add(struct leash__header *h);

/* Has a birth help when far too much is queued. */
void lsh_pending_throttle(void);

/* Whether anything is queued, and how much. */
bool lsh_pending_any(void);
size_t lsh_pending_count(void);

/* Revokes, folds and buries what is queued, and what comes of that, in at most so many rounds.  Returns the number
 * of rounds it took.  The caller holds lsh_pass. */
unsigned lsh_revoke(unsigned rounds);

extern struct lsh_lock lsh_pass LSH_HIDDEN;

/* The end of a read section of liburcu in which objects were looked into, for ThreadSanitizer too: a buffer that a trace
 * callback reads lives until its readers are through. */
extern char lsh_readers LSH_HIDDEN;
static inline void lsh_readers_leave(void)
{
	LSH_RELEASE(&lsh_readers);
	rcu_read_unlock();
}

void lsh_pending_lock(void);
void lsh_pending_unlock(void);

#endif
