/* Memory that waits until nobody can be looking at it: see limbo.c. */
#ifndef LSH_LIMBO_H
#define LSH_LIMBO_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>

struct lsh_record;
struct lsh_weak;

/* A thread's. */
struct lsh_limbo {
	struct leash__header *objects; /* linked through their headers */
	struct lsh_weak *weaks;
	uint32_t count;
	uint32_t bytes;
};

/* Frees what weak references shared, or the memory of a dead object with WEAK or PUBLISHED, after an op-grace.  Outside
 * guards. */
void lsh_limbo_add_weak(struct lsh_weak *weak);
void lsh_limbo_add(struct leash__header *h);

/* What waits for readers, too. */
struct lsh_shown {
	struct lsh_limbo fresh, asked; /* the second since `number` was given (readers.h) */
	uint64_t number;
};

/* Takes the death of an object with PUBLISHED upon itself, if it is simple, WEAK is not set, and it can wait here: true.
 * Outside guards. */
bool lsh_limbo_bury(struct leash__header *h);

/* Whether this thread has such objects there. */
bool lsh_limbo_shown(const struct lsh_record *record);

/* Frees what this thread has there; what readers may still look at, the finalizer thread does. */
void lsh_limbo_empty(struct lsh_record *record);

#endif
