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

static inline bool lsh_is_severed(const struct leash__header *h)
{
	return (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__SEVERED) == LEASH__SEVERED;
}

/* A shared count that reaches this makes the object immortal. */
#define LSH_IMMORTAL_AT INT64_C(0x60000000)

/* The shared word after the local count was added to it: merged, and dead or immortal if the sum says so. */
static inline uint64_t lsh_merged(uint64_t old, int64_t count)
{
	uint64_t merged = old | LEASH__MERGED | LEASH__TOUCHED;

	if (old & LEASH__IMMORTAL)
		return merged;
	if (count >= LSH_IMMORTAL_AT)
		return lsh_with_count(merged, LSH_IMMORTAL_AT) | LEASH__IMMORTAL;
	return lsh_with_count(merged, count) | (count == 0 ? LEASH__DEAD : 0);
}

/* For whoever has just published a word that says IMMORTAL, in place of one that did not. */
void lsh_overflowed(struct leash__header *h);

enum lsh_outcome {
	LSH_ALIVE,
	LSH_DIED,    /* now marked dead, and the caller's to bury */
	LSH_PENDED,  /* now marked pending, and the caller's to queue */
};

/* Gives up n references through the shared word.  In a guard begun by lsh_begin_with(h). */
enum lsh_outcome lsh_apply(struct lsh_record *record, struct leash__header *h, uint64_t n);

/* Adds a reference to an object that the caller's guard has found and to which it has none, unless its shared word says
 * one of the flags in `refused`.  Its memory is there until the guard ends. */
bool lsh_try_retain(struct lsh_record *record, struct leash__header *h, uint64_t refused);

/* Gives up one reference, deferring nothing; buries or queues as needed.  `prompt` tells whether the
 * death's hooks may run on this thread. */
void lsh_drop(struct leash__header *h, bool prompt);

/* The same for a reference that stands in a field, which becomes NULL. */
void lsh_drop_from(void *field, struct leash__header *h, bool prompt);

/* Tells the collector that a reference to the object has left a field, in the guard in which it does. */
void lsh_touch(struct lsh_record *record, struct leash__header *h);

#endif
