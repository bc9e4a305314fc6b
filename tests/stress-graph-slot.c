/* Shared slots under the eyes of the shadow (stress-shadow.c).
 *
 * What a slot holds is external, as what lies in a mailbox.  An exchange moves references, so the shadow need not know
 * which.  A store releases one that it does not tell: the shadow must strike it out before, so whoever stores
 * does so alone, and loads and peeks go on beside it.
 */
#include <leash/leash.h>

#include "scheduler.h"
#include "stress-graph.h"

static struct shared {
	pthread_rwlock_t lock; /* for reading: exchanges */
	leash_slot slot;
} __attribute__((aligned(64))) slots[SLOTS] = {
	[0 ... SLOTS - 1] = { .lock = PTHREAD_RWLOCK_INITIALIZER },
};

struct managed *slot_exchange(unsigned number, struct managed *object)
{
	struct shared *shared = &slots[number];
	struct managed *old;

	/* A finalizer may be called by who has the lock. */
	if (pthread_rwlock_tryrdlock(&shared->lock) != 0)
		return object;
	old = leash_slot_exchange(&shared->slot, object);
	pthread_rwlock_unlock(&shared->lock);
	return old ? oracle_check(old) : NULL;
}

struct managed *slot_load(unsigned number)
{
	struct managed *object = leash_slot_load(&slots[number].slot);

	if (!object)
		return NULL;
	shadow_external(object->record, 1);
	return oracle_check(object);
}

void slot_store(unsigned number, struct managed *object)
{
	struct shared *shared = &slots[number];
	const struct managed *old;

	if (pthread_rwlock_trywrlock(&shared->lock) != 0)
		return;
	if (object)
		shadow_external(oracle_check(object)->record, 1);
	old = leash_slot_peek(&shared->slot);
	if (old)
		shadow_external(oracle_check(old)->record, -1);
	if (!object) {
		leash_slot_clear(&shared->slot);
	} else if (scheduler_one_in(2)) {
		leash_retain(object);
		leash_slot_store_take(&shared->slot, object);
	} else {
		leash_slot_store(&shared->slot, object);
	}
	pthread_rwlock_unlock(&shared->lock);
}

void slot_replace(unsigned number, struct managed *object)
{
	struct shared *shared = &slots[number];
	struct managed *expected;
	bool stored;

	if (pthread_rwlock_tryrdlock(&shared->lock) != 0)
		return;
	expected = slot_load(number);
	if (scheduler_one_in(4))
		scheduler_nap(20);
	if (object)
		shadow_external(oracle_check(object)->record, 1);
	/* The slot's, or, if it is there no more, our own for a moment. */
	if (expected)
		shadow_external(expected->record, -1);
	stored = leash_slot_compare_exchange(&shared->slot, expected, object);
	if (!stored && expected)
		shadow_external(expected->record, 1);
	if (!stored && object)
		shadow_external(object->record, -1);
	pthread_rwlock_unlock(&shared->lock);
	if (expected)
		oracle_release(expected);
}

/* Nothing but its magic and its record may be read. */
static void look_at(const struct managed *object, const struct record *record)
{
	if (object->magic != MAGIC || object->record != record || record->object != object)
		oracle_fail(object, "was peeked at, and is no object any more: %llx", (unsigned long long)object->magic);
	if (peek(&record->state) != LIVE)
		oracle_fail(object, "number %u was peeked at, and is destroyed", record->number);
}

#define SEEN 8
struct view {
	unsigned number;
	const struct managed *objects[SEEN];
	const struct record *records[SEEN];
};

static void look(struct view *view, const leash_slot *slot)
{
	const struct managed *object = leash_slot_peek(slot);
	unsigned i;

	if (!object || view->number == SEEN)
		return;
	view->objects[view->number] = object;
	view->records[view->number] = object->record;
	look_at(object, object->record);
	view->number++;
	for (i = 0; i < 3 && object->record->kind == SLOTTED; i++)
		look(view, &((const struct slotted *)object)->slots[i]);
}

static void look_again(const struct view *view)
{
	unsigned i;

	for (i = 0; i < view->number; i++)
		look_at(view->objects[i], view->records[i]);
}

/* Meanwhile what was seen is taken away, by others or by this thread. */
static void end_look(struct view *view, unsigned number)
{
	struct managed *old;

	switch (scheduler_below(4)) {
	case 0:
		scheduler_nap(300);
		break;
	case 1:
		old = number < SLOTS ? slot_exchange(number, NULL) : NULL;
		if (old)
			oracle_release(old);
		look_again(view);
		scheduler_nap(100);
		break;
	case 2:
		leash_read_lock();
		if (number < SLOTS)
			slot_store(number, NULL);
		leash_read_unlock();
		break;
	}
	look_again(view);
	leash_read_unlock();
}

void slot_look(unsigned number)
{
	struct view view = { .number = 0 };

	leash_read_lock();
	look(&view, &slots[number].slot);
	end_look(&view, number);
}

void slots_look_into(const struct managed *p)
{
	struct view view = { .number = 0 };
	unsigned i;

	leash_read_lock();
	for (i = 0; i < 3; i++)
		look(&view, &((const struct slotted *)p)->slots[i]);
	end_look(&view, SLOTS);
}

void slots_empty_all(void)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++) {
		struct managed *object = slot_exchange(i, NULL);

		if (object)
			oracle_release(object);
	}
}

bool slots_any(void)
{
	unsigned i;

	for (i = 0; i < SLOTS; i++)
		if (leash_slot_peek(&slots[i].slot))
			return true;
	return false;
}
