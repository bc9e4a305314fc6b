/* Appending to a thread's log: see suspects.c.  Here, because a release that leaves an object alive is no slow path. */
#ifndef LSH_APPEND_H
#define LSH_APPEND_H

#include "../points.h"
#include "../thread.h"

static inline uint32_t lsh_chunk_count(const struct lsh_chunk *chunk)
{
	return __atomic_load_n(&chunk->count, __ATOMIC_RELAXED);
}

/* Inside a guard that has not appended yet: whether it may.  If not: lsh_log_reserve() outside, and once more. */
static inline bool lsh_log_open(struct lsh_record *record)
{
	struct lsh_chunk *chunk = __atomic_load_n(&record->log.chunk, __ATOMIC_ACQUIRE);

	record->log.open = chunk;
	return chunk && lsh_chunk_count(chunk) + LSH_LOG_ROOM <= LSH_CHUNK;
}

/* Makes a suspect of a cyclic object; the caller holds a reference and its guard is open.  The event (a
 * decrement, a move into a field) follows in the same guard. */
static inline void lsh_suspect(struct lsh_record *record, struct leash__header *h)
{
	struct lsh_chunk *chunk = record->log.open;
	uint32_t i = lsh_chunk_count(chunk);

	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__LOGGED ||
	    __atomic_fetch_or(&h->shared, LEASH__LOGGED, __ATOMIC_ACQ_REL) & LEASH__LOGGED)
		return;
	LSH_POINT("log: flagged");
	__atomic_store_n(&chunk->entries[i], h, __ATOMIC_RELAXED);
	if (__atomic_load_n(&h->owner, __ATOMIC_RELAXED) == record->hot.id)
		__atomic_store_n(&h->log, (uint16_t)(i << LSH_LOG_SHIFT | (h->log & LSH_LOG_MAGAZINE)),
				 __ATOMIC_RELAXED);
	__atomic_store_n(&chunk->count, i + 1, __ATOMIC_RELEASE);
	LSH_POINT("log: appended");
}

#endif
