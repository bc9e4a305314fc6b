/* The logs of suspects: see suspects.c. */
#ifndef LSH_SUSPECTS_H
#define LSH_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <leash/abi.h>
#include "../track.h"

struct lsh_record;

#define LSH_CHUNK 2045 /* places in a header's log word, and pages of memory: 4 */
struct lsh_chunk {
	struct lsh_chunk *next;
	uint32_t count;
	struct leash__header *entries[LSH_CHUNK]; /* NULL: struck out */
};

/* A thread's log: it appends to its chunk inside guards; whoever wants the chunk exchanges the pointer, and owns it
 * after an op-grace. */
struct lsh_log {
	struct lsh_chunk *chunk;
	struct lsh_chunk *open;  /* as this guard has read it */
	struct lsh_chunk *spare; /* for when there is no memory */
};

/* A new record's first chunk; false when there is no memory. */
bool lsh_log_start(struct lsh_record *record);

/* The one that the guests begin with: not from malloc. */
extern struct lsh_chunk lsh_first_chunk LSH_HIDDEN;

/* The most that one guard appends. */
#define LSH_LOG_ROOM 4

/* True for an object that may be part of a cycle.  Not for dead ones. */
static inline bool lsh_is_cyclic(const struct leash__header *h)
{
	return __atomic_load_n(&h->log, __ATOMIC_RELAXED) < LEASH__LEAF;
}

/* Makes room in the log (append.h).  Outside guards. */
void lsh_log_reserve(struct lsh_record *record);

/* lsh_begin(), such that the guard can make a suspect of the object. */
struct lsh_record *lsh_begin_with(const struct leash__header *h);

/* For an object that this guard found dead: takes it out of the log, if it stands in that of this thread.
 * Afterwards, unless LOGGED is set, no log knows it. */
void lsh_strike(struct lsh_record *record, struct leash__header *h);

/* The same for the entry alone; true if it was there.  LOGGED is the caller's to clear. */
bool lsh_strike_entry(struct lsh_record *record, const struct leash__header *h);

/* Whether there is an entry in the calling thread's.  In a guard. */
bool lsh_log_any(const struct lsh_record *record);

/* Takes all logs.  What is in them is the caller's after an op-grace. */
struct lsh_chunk *lsh_logs_take(void);

/* Gives chunks back unread. */
void lsh_logs_return(struct lsh_chunk *chunks);
struct lsh_chunk *lsh_chunk_new(void);
void lsh_chunks_free(struct lsh_chunk *chunks);

/* How many entries there are in all logs: exact, but for full ones, after an op-grace; without those that were full; and in
 * those, about. */
size_t lsh_logs_count(void);
size_t lsh_logs_open(void);
size_t lsh_logs_length(void);

/* The record ends: its log becomes nobody's.  Under the registry's lock. */
void lsh_log_leave(struct lsh_record *record);

/* Frees the chunks that are kept for a rainy day, at shutdown. */
void lsh_logs_purge(void);

/* Around fork(): see fork.c. */
void lsh_logs_lock(void);
void lsh_logs_unlock(void);

#endif
