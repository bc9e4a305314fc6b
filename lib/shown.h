/* Dead leaves that readers may still look at: see shown.c. */
#ifndef LSH_SHOWN_H
#define LSH_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <leash/abi.h>

struct lsh_record;

/* What is left of them. */
struct lsh_leaves;

/* A thread's. */
struct lsh_shown {
	struct lsh_leaves *fresh, *asked; /* the second since `number` was given (readers.h) */
	uint64_t number;
};

/* Takes the death of an object with PUBLISHED upon itself, if it is simple, WEAK is not set, and it can wait here: true.
 * Outside guards. */
bool lsh_shown_bury(struct leash__header *h);

/* How many objects wait with this thread. */
size_t lsh_shown_count(const struct lsh_record *record);

/* Frees what this thread has, or gives it to the finalizer thread. */
void lsh_shown_empty(struct lsh_record *record);

/* For the finalizer thread, which links them. */
struct lsh_leaves **lsh_leaves_next(struct lsh_leaves *leaves);
size_t lsh_leaves_count(const struct lsh_leaves *leaves);

/* Frees them all.  Not if they may not go: then only what they were noted in. */
void lsh_leaves_free(struct lsh_leaves *leaves, bool may_go);

#endif
