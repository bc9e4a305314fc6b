/* Ownership given away, taken, and given up for good.
 *
 * handoff and immortalize merge, as the owner's last release does (count.c); adopt is the way back: an object without an
 * owner, of which the caller holds the only reference, gets one.
 */
#include "deferred.h"
#include "fault.h"
#include "harden.h"
#include "points.h"
#include "words.h"

#include "collect/suspects.h"
#include "see/statistics.h"

#include <leash/count.h>

void leash_handoff(const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;
	enum lsh_outcome outcome = LSH_ALIVE;
	uint32_t credits;

	if (!object)
		return;
	lsh_harden_check(h, "leash_handoff");
	record = lsh_begin_with(h);
	if (lsh_owns(record, h)) {
		lsh_merge(record, h, __atomic_load_n(&h->local, __ATOMIC_RELAXED) / LEASH__LOCAL_ONE);
		lsh_end(record);
		return;
	}
	if ((credits = lsh_credit_take(record, h)) != 0)
		outcome = lsh_apply(record, h, credits);
	lsh_finish(record, h, outcome, true);
}

bool leash_adopt(const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;
	enum lsh_outcome outcome = LSH_ALIVE;
	uint64_t credits, shared;
	bool mine = false;

	if (!object)
		return false;
	lsh_harden_check(h, "leash_adopt");
	record = lsh_begin_with(h);
	if (lsh_owns(record, h)) {
		mine = true;
	} else if (record->birth.owner != LEASH__NOBODY) {
		if ((credits = lsh_credit_take(record, h)) != 0)
			outcome = lsh_apply(record, h, credits);
		shared = lsh_load_shared(h);
		if ((shared & (LEASH__VISIBLE | LEASH__PENDING | LEASH__IMMORTAL)) ==
		    (LEASH__ONE | LEASH__MERGED)) {
			lsh_note_move(record, h, LEASH__LOCAL_ONE | LEASH__LOCAL_TOUCHED);
			/* Before the object stops being merged, after which it may be revoked at any time. */
			__atomic_store_n(&h->local, LEASH__LOCAL_ONE | LEASH__LOCAL_TOUCHED,
					 __ATOMIC_RELAXED);
			__atomic_store_n(&h->owner, record->hot.id, __ATOMIC_RELAXED);
			LSH_POINT("adopt: before the swap");
			mine = lsh_swap_shared(h, &shared, (lsh_with_count(shared, 0) | LEASH__TOUCHED) &
							       ~LEASH__MERGED);
			if (mine) {
				LSH_COUNT(record, adoptions);
			} else {
				__atomic_store_n(&h->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
				__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
			}
			lsh_note_move(record, NULL, 0);
		}
	}
	lsh_finish(record, h, outcome, true);
	return mine;
}

void leash_immortalize(const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;

	if (!object)
		return;
	lsh_harden_check(h, "leash_immortalize");
	record = lsh_begin();
	if (lsh_load_shared(h) & LEASH__DEAD)
		lsh_fault(h, "made immortal after its death");
	if (!(__atomic_fetch_or(&h->shared, LEASH__IMMORTAL, __ATOMIC_ACQ_REL) & LEASH__IMMORTAL))
		lsh_counters_immortal();
	if (lsh_owns(record, h))
		lsh_merge(record, h, __atomic_load_n(&h->local, __ATOMIC_RELAXED) / LEASH__LOCAL_ONE);
	lsh_end(record);
}
