/* Slots: a reference and a lock in one word, as std::atomic<std::shared_ptr> has them.
 *
 * Who loads must count before another thread can take the slot's reference out and drop it; so both hold bit 0 of the word
 * for that moment.  An empty slot has nothing to count and is found empty by reading.
 */
#ifndef SERVER_NAIVE_SLOT_H
#define SERVER_NAIVE_SLOT_H

#include "lock.h"
#include "weak.h"

struct leash__slotted {
	char unused;
};
typedef struct leash__slotted *leash_slot;

/* What is there; the slot is locked. */
static inline uintptr_t naive_slot_lock(const leash_slot *slot)
{
	uintptr_t *word = (uintptr_t *)(uintptr_t)slot, was;

	for (unsigned turn = 0; (was = __atomic_fetch_or(word, 1, __ATOMIC_ACQUIRE)) & 1; turn++)
		naive_wait(turn);
	return was;
}

static inline void naive_slot_unlock(const leash_slot *slot, uintptr_t word)
{
	__atomic_store_n((uintptr_t *)(uintptr_t)slot, word, __ATOMIC_RELEASE);
}

static inline void *leash_slot_load(const leash_slot *slot)
{
	uintptr_t word;

	if (__atomic_load_n((const uintptr_t *)slot, __ATOMIC_RELAXED) == 0)
		return NULL;
	word = naive_slot_lock(slot);
	naive_retain((void *)word);
	naive_slot_unlock(slot, word);
	return (void *)word;
}

static inline void leash_slot_store_take(leash_slot *slot, const void *object)
{
	uintptr_t old = naive_slot_lock(slot);

	naive_slot_unlock(slot, (uintptr_t)object);
	naive_release((void *)old);
}

static inline void leash_slot_clear(leash_slot *slot)
{
	leash_slot_store_take(slot, NULL);
}

#endif
