/* The two words of a header, for the files that change them: count.c, handoff.c. */
#ifndef LSH_WORDS_H
#define LSH_WORDS_H

#include "count.h"
#include "thread.h"

static inline bool lsh_owns(const struct lsh_record *record, const struct leash__header *h)
{
	return __atomic_load_n(&h->owner, __ATOMIC_RELAXED) == record->hot.id &&
	       record->hot.id != LEASH__UNATTACHED;
}

static inline uint64_t lsh_load_shared(const struct leash__header *h)
{
	return __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
}

static inline bool lsh_swap_shared(struct leash__header *h, uint64_t *expected, uint64_t desired)
{
	return __atomic_compare_exchange_n(&h->shared, expected, desired, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

/* Writes down what is about to be changed in more than one step, for the child of a fork (thread.c). */
static inline void lsh_note_move(struct lsh_record *record, struct leash__header *h, uint32_t local)
{
	__atomic_store_n(&record->moving_local, local, __ATOMIC_RELAXED);
	__atomic_store_n(&record->moving, h, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* The owner, in its guard, gives up ownership with `local` references left in the local word. */
enum lsh_outcome lsh_merge(struct lsh_record *record, struct leash__header *h, uint32_t local);

/* Ends the guard and does what the outcome asks for.  `prompt`: hooks may run here and now. */
void lsh_finish(struct lsh_record *record, struct leash__header *h, enum lsh_outcome outcome, bool prompt);

#endif
