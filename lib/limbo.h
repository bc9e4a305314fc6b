/* Memory that waits until nobody can be looking at it: see limbo.c. */
#ifndef LSH_LIMBO_H
#define LSH_LIMBO_H

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

/* Frees what this thread has there, and what it has shown (shown.h). */
void lsh_limbo_empty(struct lsh_record *record);

#endif
