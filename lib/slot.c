/* Shared slots: strong references that threads load and replace without a lock.
 *
 * A slot holds one counted reference.  A load reads it and adds a reference of its own, in one guard, as a weak load
 * does (weak.c); if the object is dead by then, the slot had been given another, and is read again.  A store exchanges
 * atomically, in one guard with what the collector has to hear of: the object that comes in is a suspect, as
 * after any move into a field; the one that goes out is touched, as after any removal.
 *
 * PUBLISHED is set before an object can be found in a slot.  It takes the object off the owner's short cut, and its death
 * through a grace period of liburcu (death.c, finalizers.c), for it may be looked at in read sections; its memory goes
 * through limbo, for a load may have found it.
 *
 * Progress: lock-free; a load tries again only if another thread's store succeeded.
 */
#define LEASH__READ_OUT_OF_LINE
#include <urcu-bp.h>

#include <leash/leash.h>
#undef leash_slot_load

#include "collect/append.h"
#include "collect/collector.h"
#include "count.h"
#include "harden.h"
#include "points.h"
#include "revoke.h"
#include "slot.h"
#include "thread.h"
#include "track.h"
#include "words.h"

/* In a guard begun with the object, which is about to be stored. */
static void announce(struct lsh_record *record, const void *object)
{
	struct leash__header *h = leash__header_of(object);

	if (!(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__PUBLISHED))
		__atomic_fetch_or(&h->shared, LEASH__PUBLISHED, __ATOMIC_ACQ_REL);
	LSH_POINT("slot: published");
	if (lsh_is_cyclic(h))
		lsh_suspect(record, h);
}

static struct lsh_record *begin_store(const void *object)
{
	struct lsh_record *record;

	if (!object)
		return lsh_begin();
	lsh_harden_check(leash__header_of(object), "a slot's store");
	record = lsh_begin_with(leash__header_of(object));
	announce(record, object);
	return record;
}

static void end_store(struct lsh_record *record, const void *old)
{
	if (!leash__is_leaf(old))
		lsh_touch(record, leash__header_of(old));
	lsh_end(record);
	lsh_collector_feed();
}

void *leash_slot_exchange(leash_slot *slot, const void *object)
{
	struct lsh_record *record = begin_store(object);
	void *old = __atomic_exchange_n(slot, (leash_slot)(uintptr_t)object, __ATOMIC_ACQ_REL);

	end_store(record, old);
	return old;
}

void leash_slot_store_take(leash_slot *slot, const void *object)
{
	leash_release(leash_slot_exchange(slot, object));
}

void leash_slot_store(leash_slot *slot, const void *object)
{
	leash_slot_store_take(slot, leash_retain(object));
}

void leash_slot_init(leash_slot *slot, const void *object)
{
	__atomic_store_n(slot, NULL, __ATOMIC_RELAXED);
	leash_slot_store(slot, object);
}

void leash_slot_clear(leash_slot *slot)
{
	leash_slot_store_take(slot, NULL);
}

bool leash_slot_compare_exchange(leash_slot *slot, const void *expected, const void *object)
{
	const void *mine = leash_retain(object);
	struct lsh_record *record = begin_store(mine);
	leash_slot found = (leash_slot)(uintptr_t)expected;
	bool stored = __atomic_compare_exchange_n(slot, &found, (leash_slot)(uintptr_t)mine, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_RELAXED);

	end_store(record, stored ? expected : NULL);
	leash_release(stored ? expected : mine);
	return stored;
}

void *lsh_slot_replace(leash_slot *slot, const void *object)
{
	struct lsh_record *record = begin_store(object);
	leash_slot old = __atomic_load_n(slot, __ATOMIC_RELAXED);

	LSH_POINT("slot: about to replace");
	while (old && !__atomic_compare_exchange_n(slot, &old, (leash_slot)(uintptr_t)object, true, __ATOMIC_ACQ_REL,
						   __ATOMIC_RELAXED))
		;
	end_store(record, old);
	return old;
}

void *leash__slot_load_slow(const leash_slot *slot)
{
	struct lsh_record *record;
	void *object;

	/* It may have been nobody's guard, which is none. */
	leash__leave(leash__self);
	record = lsh_begin();
	do {
		object = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
		LSH_POINT("slot: read");
	} while (object && !lsh_try_retain(record, leash__header_of(object), LEASH__DEAD));
	lsh_end(record);
	return object;
}

void *leash_slot_load(const leash_slot *slot)
{
	return leash__slot_load(slot);
}

void leash_read_lock(void)
{
	rcu_read_lock();
}

void leash_read_unlock(void)
{
	lsh_readers_leave();
}
