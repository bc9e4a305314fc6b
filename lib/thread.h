/* Thread records, the guard around every operation on counts, and the op-grace: see thread.c. */
#ifndef LSH_THREAD_H
#define LSH_THREAD_H

#include <stdbool.h>
#include <leash/abi.h>
#include "collect/suspects.h"
#include "deferred.h"
#include "heap.h"
#include "limbo.h"
#include "lock.h"
#include "shown.h"
#include "track.h"
#include "see/statistics.h"
#include "type.h"

struct lsh_record {
	struct leash__thread hot; /* what inlined code sees; leash__self points here */

	/* What a birth by this thread writes into the header: a part of the shared word; the local word and the
	 * owner. */
	uint64_t birth_shared;
	union lsh_half birth;

	struct lsh_counters counters;
	struct lsh_type_cache types;
	struct lsh_deferred deferred;
	struct lsh_log log;
	struct lsh_limbo limbo;
	struct lsh_shown shown;
	uint64_t births_told; /* see collector.c */
	struct lsh_magazines magazines;

	/* What this thread is changing in more than one step: the child of a fork puts it right. */
	struct leash__header *moving;
	uint32_t moving_local;

	uint64_t bytes_taken, bytes_returned; /* of blocks, from and to the allocator */

	struct lsh_record *next, **link; /* the registry */
};

/* The calling thread's record, made if it has none.  NULL when it cannot have one (it is past the
 * end of its life, or memory or ids are short): it is then a guest. */
struct lsh_record *lsh_record(void);

/* Enters the guard: returns the record the operation runs under, the shared one of the guests where
 * lsh_record() is NULL.  lsh_end() leaves it.  Guards do not nest. */
struct lsh_record *lsh_begin(void);
void lsh_end(struct lsh_record *record);

/* True for the record of the guests: it owns nothing and defers nothing. */
bool lsh_is_guest(const struct lsh_record *record);
void lsh_guest_lock(void);
void lsh_guest_unlock(void);

/* Returns when every operation that was in its guard at the time of the call has left it; operations that
 * enter later see what was written before the call.  Not inside a guard. */
void lsh_op_grace(void);

/* The same, for callers that hold the registry. */
void lsh_op_grace_locked(void);

/* All records, under the registry's lock: for (r = lsh_records(); r; r = r->next). */
extern struct lsh_lock lsh_registry LSH_HIDDEN;
extern struct lsh_record *lsh_first_record LSH_HIDDEN;
struct lsh_record *lsh_records(void);

/* Ends the calling thread's record, as its exit would; a later operation makes a new one. */
void lsh_detach(void);

/* Reads the options and learns what the system can do, once; the other calls do that by themselves. */
void lsh_start(void);

/* Around fork(): see fork.c. */
void lsh_threads_lock(void);
void lsh_threads_unlock(void);
void lsh_threads_after_fork(void);
void lsh_threads_bury_others(void);

#endif
