/* Weak references and watches: see weak.c. */
#ifndef LSH_WEAK_INTERNAL_H
#define LSH_WEAK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>
#include <leash/weak.h>
#include "track.h"

enum lsh_verdict {
	LSH_UNDECIDED,
	LSH_RESCUED,   /* by a load, or by the collector itself */
	LSH_CONDEMNED, /* garbage for certain */
};

/* What all weak references to one object share. */
struct lsh_weak {
	struct leash__weak seen; /* by inlined code: the object, and bit 0 while `judge` decides */
	struct lsh_weak *judge;  /* whose `verdict` it is: one for all objects that are saved or lost together */
	uint32_t verdict;
	uint64_t references;     /* bits 32-63 weak references, 0-31 others: the object's, the collector's */
	struct leash_watch *watches; /* the first; under the lock */
	struct lsh_weak *next;   /* in limbo */
};

#define LSH_WEAK_TAG UINT64_C(1)

/* What the object's weak references share, if it ever had any.  In a guard, or while the object cannot go. */
struct lsh_weak *lsh_weak_of(const struct leash__header *h);

/* For an object that has just been marked dead, before anybody else hears of it: loads fail from now on without looking at
 * the object. */
void lsh_weak_died(struct leash__header *h);

/* Whether somebody is to be told of the object's death; and the telling, which is a hook. */
bool lsh_watched(const struct leash__header *h);
void lsh_watches_run(struct leash__header *h);

/* The object's memory is about to go. */
void lsh_weak_leave(struct leash__header *h);

/* Clears the weak references that are fields of the object. */
void lsh_weak_clear_fields(struct leash__header *h);

/* Holds what weak references share against its end; NULL if there is nothing to hold.  Inside a guard. */
struct lsh_weak *lsh_weak_hold(const struct leash__header *h);
void lsh_weak_drop(struct lsh_weak *weak);

void lsh_weak_lock(void);
void lsh_weak_unlock(void);

#endif
