/* One round of the collector: see round.c. */
#ifndef LSH_ROUND_H
#define LSH_ROUND_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/collect.h>
#include "../heap.h"
#include "../lock.h"
#include "graph.h"
#include "list.h"

/* Chunks in reserve: two for each list. */
#define LSH_SPARES (2 * (LEASH_GENERATIONS + 2))

/* Held during a round, and by whoever looks at the lists. */
extern struct lsh_lock lsh_round_lock LSH_HIDDEN;

struct lsh_round {
	int generation;
	bool save;              /* keep what is found: LEASH_GC_DEBUG_SAVEALL */
	bool only_read;         /* the logs, for the memory of those that have died */
	bool freeze;            /* set aside what is looked at: leash_gc_freeze() */
	bool exact;             /* look again at what was held by garbage of a later part: leash_collect() */

	/* What came of it. */
	uint64_t visited;
	uint64_t collected;
	uint64_t killed;        /* of these, by the last commit */
	uint64_t saved;
	uint64_t rescued;
	uint64_t groups;        /* given to the finalizer thread */
	uint64_t waits;         /* those of them that only wait for readers */
	uint64_t bytes;         /* of its arrays, at most */
	bool given_up;

	struct lsh_chunk *chunks; /* suspects still to be looked at */
	uint32_t entry;           /* where to go on in the first of them */
	uint32_t suspects;        /* nodes: the first of the graph */
	bool cleared;             /* of LOGGED */
	struct lsh_list owed;     /* references that garbage had to objects of earlier parts: still counted, ours now */
	struct lsh_spares spares;
	struct lsh_batch dead;
};

/* Runs one; the caller holds the lock. */
void lsh_round_run(struct lsh_round *round);

/* Lets go of lsh_round_lock, after it has been written down how long the lists are: what those read who do not want to wait
 * for a round. */
void lsh_round_unlock(void);
enum { LSH_LISTED_FROZEN = LEASH_GENERATIONS, LSH_LISTED_SAVED, LSH_LISTED };
void lsh_round_listed(size_t lengths[LSH_LISTED]);

/* Makes suspects of what was set aside; the caller holds the lock. */
void lsh_round_thaw(void);

/* The suspects that wait, by age; and those set aside. */
extern struct lsh_list lsh_waiting[LEASH_GENERATIONS] LSH_HIDDEN;
extern struct lsh_list lsh_frozen LSH_HIDDEN;
extern struct lsh_list lsh_saved LSH_HIDDEN;

/* How many suspects are looked at together. */
extern uint32_t lsh_round_part LSH_HIDDEN;

/* The graph of the round that is on; its arrays are kept for the next. */
extern struct lsh_graph lsh_round_graph LSH_HIDDEN;

/* commit.c: the second reading of the garbage of the graph, and what becomes of it; in two steps, the second without
 * lsh_pass. */
void lsh_commit(struct lsh_round *round);
void lsh_commit_end(struct lsh_round *round);

#endif
