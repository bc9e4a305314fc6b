/* Dead leaves that readers may still look at.
 *
 * Purpose.  What was in a slot may be looked at in read sections, without a reference.  So its death waits for readers, with the
 * finalizer thread (finalizers.c).  But the death of a leaf without hooks is its memory's, and nothing else happens: where slots
 * lead to many short-lived leaves, as in caches, their memory had better come back to the thread that makes the next ones,
 * than go through another thread's hands.
 *
 * Each thread notes the blocks of the leaves whose death it finds, and leaves them as they are: readers look at the payload, loads
 * at the header, which says that it is dead.  When it has enough of them it asks for a number (readers.h), notes on,
 * and when it has enough once more it takes the first ones back, without another look at them.  If the readers are not through
 * by then, the finalizer thread gets them, whose backlog is bounded.
 *
 * Not here: large leaves, since the next death may be far away; what a collection or a revocation wants kept (heap.c), since it would
 * go too soon.  What a thread leaves here is bounded, and freed as limbo is.
 */
#include <stdlib.h>

#include "finalizers.h"
#include "heap.h"
#include "points.h"
#include "readers.h"
#include "shown.h"
#include "thread.h"

#define ENOUGH       1024 /* the wait should be over when there is as much again */
#define ENOUGH_BYTES 65536u
#define LARGE        4096u

struct lsh_leaves {
	struct lsh_leaves *next;
	uint32_t count, bytes;
	struct leash__header *blocks[ENOUGH];
	uint16_t sizes[ENOUGH];
	uint8_t magazines[ENOUGH];
};

struct lsh_leaves **lsh_leaves_next(struct lsh_leaves *leaves)
{
	return &leaves->next;
}

size_t lsh_leaves_count(const struct lsh_leaves *leaves)
{
	return leaves ? leaves->count : 0;
}

static void put_back(struct lsh_leaves *leaves)
{
	struct lsh_record *record = lsh_record();

	for (uint32_t i = 0; i < leaves->count; i++)
		lsh_block_put(record, &(struct lsh_block){ leaves->blocks[i], leaves->sizes[i], leaves->magazines[i] });
	leaves->count = leaves->bytes = 0;
}

void lsh_leaves_free(struct lsh_leaves *leaves, bool may_go)
{
	if (may_go)
		put_back(leaves);
	free(leaves);
}

static void add(struct lsh_leaves *leaves, struct leash__header *h)
{
	struct lsh_block block = lsh_block_of(h);
	uint32_t i = leaves->count++;

	leaves->bytes += (uint32_t)block.bytes;
	leaves->blocks[i] = block.begin;
	leaves->sizes[i] = (uint16_t)block.bytes;
	leaves->magazines[i] = block.magazine;
}

static struct lsh_leaves *leaves_new(void)
{
	struct lsh_leaves *leaves = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*leaves));

	if (leaves)
		leaves->count = leaves->bytes = 0;
	return leaves;
}

/* Takes back what was asked about, if the readers are through; otherwise somebody else does. */
static struct lsh_leaves *take_back(struct lsh_shown *shown)
{
	struct lsh_leaves *leaves = shown->asked;

	shown->asked = NULL;
	if (!leaves)
		return NULL;
	if (!lsh_readers_over(shown->number)) {
		lsh_finalizers_push_leaves(leaves);
		return NULL;
	}
	put_back(leaves);
	return leaves;
}

static void ask(struct lsh_shown *shown)
{
	struct lsh_leaves *empty = take_back(shown);

	shown->asked = shown->fresh;
	shown->fresh = empty;
	LSH_POINT("shown: about to ask");
	shown->number = lsh_readers_ask();
	lsh_finalizers_await_readers();
}

/* Whether it may go when readers are through, whoever else there is; it counts as freed then.  In a guard, which a collection or a
 * revocation waits for before it looks. */
static bool is_ours(struct leash__header *h)
{
	struct lsh_record *record = lsh_begin();
	bool ours = !__atomic_load_n(&lsh_detour.keeping, __ATOMIC_ACQUIRE);

	if (ours)
		LSH_COUNT_KIND(record, frees, lsh_type_of(h)->cyclic);
	lsh_end(record);
	return ours;
}

bool lsh_shown_bury(struct leash__header *h)
{
	struct lsh_record *record = lsh_record();
	struct lsh_shown *shown;

	if (!record || lsh_block_bytes(h) > LARGE)
		return false;
	shown = &record->shown;
	if (!shown->fresh && !(shown->fresh = leaves_new()))
		return false;
	if (!is_ours(h))
		return false;
	add(shown->fresh, h);
	if (shown->fresh->count == ENOUGH || shown->fresh->bytes >= ENOUGH_BYTES)
		ask(shown);
	return true;
}

size_t lsh_shown_count(const struct lsh_record *record)
{
	return lsh_leaves_count(record->shown.fresh) + lsh_leaves_count(record->shown.asked);
}

void lsh_shown_empty(struct lsh_record *record)
{
	struct lsh_shown *shown = &record->shown;
	struct lsh_leaves *fresh = shown->fresh;

	shown->fresh = NULL;
	free(take_back(shown));
	if (lsh_leaves_count(fresh))
		lsh_finalizers_push_leaves(fresh);
	else
		free(fresh);
}
