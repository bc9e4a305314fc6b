/* Limbo: the dead that a load may still be looking at.
 *
 * Purpose.  A load through a weak reference or a slot finds an object that nobody has given it a reference to; it may die, and
 * its memory be given away, between the finding and the attempt to retain.  So the memory waits for an op-grace: every
 * load that found the object is over then.
 *
 * Each thread collects what it frees, and when that is enough waits once for all of it, and takes the memory into its
 * magazines; an op-grace costs a microsecond or so, without work for other threads.  A thread without a record
 * waits for each.  What a thread leaves there is bounded, and freed by its next deaths, by leash_flush() or at its end.
 *
 * Shown.  What was published may also be looked at in read sections, which may be long: nobody waits for them here.  The
 * payload stays as it is.  When there is enough of it the thread asks for a number (readers.h), collects on, and takes
 * the memory when it has enough once more.  If the readers are not through by then, the finalizer thread gets it, whose
 * backlog is bounded.  Only leaves without hooks come here: their death is their memory's, and nothing must happen in between.
 * Large ones do not, for the next death may be far away.
 */
#include <stdlib.h>

#include "finalizers.h"
#include "heap.h"
#include "limbo.h"
#include "points.h"
#include "readers.h"
#include "thread.h"
#include "type.h"
#include "weak.h"

#define ENOUGH       256
#define ENOUGH_SHOWN 1024 /* more, since the wait is longer: it should be over when there is as much again */
#define ENOUGH_BYTES 65536u
#define LARGE        4096u

static void release_blocks(struct lsh_record *record, struct leash__header *h)
{
	while (h) {
		struct leash__header *next = lsh_link(h);

		lsh_block_release(record, h);
		h = next;
	}
}

static void release(struct lsh_record *record, struct lsh_limbo *limbo)
{
	struct lsh_limbo all = *limbo;

	if (!all.count)
		return;
	/* First: freeing may come back here. */
	*limbo = (struct lsh_limbo){ .objects = NULL };
	LSH_POINT("limbo: before the grace");
	lsh_op_grace();
	release_blocks(record, all.objects);
	while (all.weaks) {
		struct lsh_weak *weak = all.weaks;

		all.weaks = weak->next;
		free(weak);
	}
}

static bool has_enough(const struct lsh_limbo *limbo, uint32_t count)
{
	return limbo->count >= count || limbo->bytes >= ENOUGH_BYTES;
}

static void settle(struct lsh_record *record, struct lsh_limbo *limbo)
{
	if (!record || has_enough(limbo, ENOUGH))
		release(record, limbo);
}

static void add(struct lsh_limbo *limbo, struct leash__header *h, size_t bytes)
{
	lsh_set_link(h, limbo->objects);
	limbo->objects = h;
	limbo->count++;
	limbo->bytes += bytes < ENOUGH_BYTES ? (uint32_t)bytes : ENOUGH_BYTES;
}

void lsh_limbo_add_weak(struct lsh_weak *weak)
{
	struct lsh_record *record = lsh_record();
	struct lsh_limbo own = { .objects = NULL }, *limbo = record ? &record->limbo : &own;

	weak->next = limbo->weaks;
	limbo->weaks = weak;
	limbo->count++;
	limbo->bytes += (uint32_t)sizeof(*weak);
	settle(record, limbo);
}

void lsh_limbo_add(struct leash__header *h)
{
	struct lsh_record *record = lsh_record();
	struct lsh_limbo own = { .objects = NULL }, *limbo = record ? &record->limbo : &own;
	size_t bytes = lsh_block_bytes(h);

	lsh_payload_forbid(h); /* loads look at its header */
	add(limbo, h, bytes);
	settle(record, limbo);
}

/* Gives it to the finalizer thread. */
static void leave(struct lsh_limbo *limbo)
{
	if (limbo->count)
		lsh_finalizers_push_memory(limbo->objects, limbo->count);
	*limbo = (struct lsh_limbo){ .objects = NULL };
}

static void take_back(struct lsh_record *record, struct lsh_shown *shown)
{
	if (!lsh_readers_over(shown->number)) {
		leave(&shown->asked);
		return;
	}
	release_blocks(record, shown->asked.objects);
	shown->asked = (struct lsh_limbo){ .objects = NULL };
}

/* Memory that must be kept for others (heap.c) does not come here: it would go too soon. */
static bool is_kept(struct lsh_record *record)
{
	return __atomic_load_n(&lsh_detour.keeping, __ATOMIC_ACQUIRE) || lsh_is_guest(record);
}

bool lsh_limbo_bury(struct leash__header *h)
{
	size_t bytes = lsh_block_bytes(h);
	struct lsh_record *record = lsh_begin();
	bool kept = bytes > LARGE || is_kept(record);
	struct lsh_shown *shown = &record->shown;

	if (!kept)
		LSH_COUNT_KIND(record, frees, false);
	lsh_end(record);
	if (kept)
		return false;
	add(&shown->fresh, h, bytes);
	if (!has_enough(&shown->fresh, ENOUGH_SHOWN))
		return true;
	take_back(record, shown);
	shown->asked = shown->fresh;
	shown->fresh = (struct lsh_limbo){ .objects = NULL };
	LSH_POINT("limbo: about to ask");
	shown->number = lsh_readers_ask();
	lsh_finalizers_await_readers();
	return true;
}

bool lsh_limbo_shown(const struct lsh_record *record)
{
	return record->shown.fresh.count || record->shown.asked.count;
}

void lsh_limbo_empty(struct lsh_record *record)
{
	release(record, &record->limbo);
	take_back(record, &record->shown);
	leave(&record->shown.fresh);
}
