/* What tests read in an object's header and in the credit table of the calling thread: the states of
 * counting that leash_refcount() does not tell apart. */
#ifndef HEADER_H
#define HEADER_H

#include <leash/leash.h>
#include <stdbool.h>

static inline uint64_t shared_word(const void *object)
{
	return __atomic_load_n(&leash__header_of(object)->shared, __ATOMIC_ACQUIRE);
}

static inline int32_t shared_count(const void *object)
{
	return (int32_t)(uint32_t)(shared_word(object) >> LEASH__COUNT_SHIFT);
}

static inline bool is_merged(const void *object)
{
	return (shared_word(object) & LEASH__MERGED) != 0;
}

static inline uint32_t local_count(const void *object)
{
	return __atomic_load_n(&leash__header_of(object)->local, __ATOMIC_RELAXED) >> 1;
}

static inline uint16_t owner_of(const void *object)
{
	return __atomic_load_n(&leash__header_of(object)->owner, __ATOMIC_RELAXED);
}

static inline bool is_mine(const void *object)
{
	return owner_of(object) == leash__self->id && leash__self->id != LEASH__UNATTACHED;
}

/* Decrements of the object that this thread has deferred; the background thread may take them away
 * at any moment. */
static inline uint64_t credits_of(const void *object)
{
	struct leash__header *header = leash__header_of(object);
	struct leash__credit *credit = __atomic_load_n(&leash__self->credits, __ATOMIC_ACQUIRE);

	if (credit == NULL)
		return 0;
	credit = leash__credit_of(credit, header);
	return __atomic_load_n(&credit->header, __ATOMIC_RELAXED) == header ?
		       __atomic_load_n(&credit->count, __ATOMIC_RELAXED) :
		       0;
}

/* Leaves a deferred decrement of another's object with this thread: the first release is not deferred. */
static inline void leave_credit(const void *object)
{
	for (int i = 0; i < 2; i++) {
		(void)leash_retain(object);
		leash_release(object);
	}
}

#endif
