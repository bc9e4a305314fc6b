/* Limbo: the dead that a load may still be looking at.
 *
 * Purpose.  A load through a weak reference or a slot finds an object that nobody has given it a reference to; it may die, and
 * its memory be given away, between the finding and the attempt to retain.  So the memory waits for an op-grace: every
 * load that found the object is over then.
 *
 * Each thread collects what it frees, and when that is enough waits once for all of it, and takes the memory into its
 * magazines; an op-grace costs a microsecond or so, without work for other threads.  A thread without a record
 * waits for each.  What a thread leaves there is bounded, and freed by its next deaths, by leash_flush() or at its end.
 */
#include <stdlib.h>

#include "heap.h"
#include "limbo.h"
#include "points.h"
#include "thread.h"
#include "track.h"
#include "type.h"
#include "weak.h"

#define ENOUGH       256
#define ENOUGH_BYTES 65536u

static void release(struct lsh_record *record, struct lsh_limbo *limbo)
{
	struct lsh_limbo all = *limbo;

	if (!all.count)
		return;
	/* First: freeing may come back here. */
	*limbo = (struct lsh_limbo){ .objects = NULL };
	LSH_POINT("limbo: before the grace");
	lsh_op_grace();
	while (all.objects) {
		struct leash__header *h = all.objects;

		all.objects = lsh_link(h);
		lsh_block_release(record, h);
	}
	while (all.weaks) {
		struct lsh_weak *weak = all.weaks;

		all.weaks = weak->next;
		free(weak);
	}
}

static void settle(struct lsh_record *record, struct lsh_limbo *limbo)
{
	if (!record || limbo->count >= ENOUGH || limbo->bytes >= ENOUGH_BYTES)
		release(record, limbo);
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
	lsh_is_no_leak(h);
	lsh_set_link(h, limbo->objects);
	limbo->objects = h;
	limbo->count++;
	limbo->bytes += bytes < ENOUGH_BYTES ? (uint32_t)bytes : ENOUGH_BYTES;
	settle(record, limbo);
}

void lsh_limbo_empty(struct lsh_record *record)
{
	release(record, &record->limbo);
	lsh_shown_empty(record);
}
