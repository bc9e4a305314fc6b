/* The slow paths of counting: see count.c. */
#ifndef LSH_COUNT_H
#define LSH_COUNT_H

#include <stdbool.h>
#include <leash/abi.h>

struct lsh_record;

static inline int64_t lsh_shared_count(uint64_t shared)
{
	return (int64_t)shared >> LEASH__COUNT_SHIFT;
}

static inline uint64_t lsh_with_count(uint64_t shared, int64_t count)
{
	return (shared & UINT64_C(0xffffffff)) | (uint64_t)count << LEASH__COUNT_SHIFT;
}

enum lsh_outcome {
	LSH_ALIVE,
	LSH_DIED,    /* now marked dead, and the caller's to bury */
	LSH_PENDED,  /* now marked pending, and the caller's to queue */
};

/* Gives up n references through the shared word.  In a guard, or while holding one more reference. */
enum lsh_outcome lsh_apply(struct leash__header *h, uint64_t n);

/* Gives up one reference, deferring nothing; buries or queues as needed.  `prompt` tells whether the
 * death's hooks may run on this thread. */
void lsh_drop(struct leash__header *h, bool prompt);

#endif
