/* Shared slots: strong references that threads load and replace without a lock; and read sections.
 *
 *     leash_slot current;                            a global or a member; all bytes 0: NULL
 *     leash_slot_store_take(&current, config_new());  replaces what was there
 *     struct config *c = leash_slot_load(&current);   a reference of the caller's, or NULL
 *
 *     leash_read_lock();
 *     const struct config *c = leash_slot_peek(&current);   whole until unlock, and not counted
 *     ... c->limit ...
 *     leash_read_unlock();
 *
 * A slot is one word.  Slots that are members of managed objects are named in LEASH_FIELDS(); the collector sees
 * through them.  An object that was ever stored in a slot dies in two steps: at its last reference it is dead, and its
 * weak references are NULL; its hooks run, and its fields are released, on a thread of the library's when no read section
 * can still look at it.
 *
 * What is peeked at is never retained, and its fields are only read, with leash_slot_peek() or as constants; to keep the
 * object, load the slot.  What its own slots lead to is peeked at, too, and never loaded: the object may be garbage that the
 * collector has decided on, and so may that.
 *
 * Thread safety: all of it, but leash_slot_init().  Progress: lock-free.  Cost: of a load that of a weak load; of
 * a peek one read; of a store an atomic exchange and what the release of the old object costs.
 */
#ifndef LEASH_SLOT_H
#define LEASH_SLOT_H

#include <stdbool.h>
#include <stddef.h>

#include <leash/abi.h>
#include <leash/count.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reserved, but for its name. */
struct leash__slotted {
	char unused;
};

/* A shared slot; one word. */
typedef struct leash__slotted *leash_slot;

#pragma GCC visibility push(default)

/* Makes *slot, whatever it held, hold a new reference to the object, or NULL. */
void leash_slot_init(leash_slot *slot, const void *object) __attribute__((nonnull(1), nothrow));

/* Stores a new reference, and releases what was there. */
void leash_slot_store(leash_slot *slot, const void *object) __attribute__((nonnull(1), nothrow));

/* The same with the caller's reference, which is consumed. */
void leash_slot_store_take(leash_slot *slot, const void *object) __attribute__((nonnull(1), nothrow));

/* A new reference to what is there, or NULL. */
void *leash_slot_load(const leash_slot *slot) __attribute__((nonnull, nothrow, warn_unused_result));

/* Stores the caller's reference, which is consumed, and returns the one that was there, which is the caller's. */
void *leash_slot_exchange(leash_slot *slot, const void *object) __attribute__((nonnull(1), nothrow, warn_unused_result));

/* If `expected` is there, to which the caller holds a reference (or NULL): stores a new reference to the object, releases
 * the slot's to `expected`, and returns true.  Else false, and nothing has changed. */
bool leash_slot_compare_exchange(leash_slot *slot, const void *expected, const void *object)
	__attribute__((nonnull(1), nothrow));

/* Makes it NULL, and releases what was there. */
void leash_slot_clear(leash_slot *slot) __attribute__((nonnull, nothrow));

/* Begins a read section.  They nest.  Inside one a thread may do everything but wait for the library: leash_collect()
 * returns -EDEADLK.  Inline below, except in programs for sanitizers, which do not understand liburcu's code. */
void leash_read_lock(void);

/* Ends it: what was peeked at in it may go now. */
void leash_read_unlock(void);

/* What the inline load cannot do in two steps.  Inside the guard, which it leaves. */
LEASH__DIRECT void *leash__slot_load_slow(const leash_slot *slot);

#pragma GCC visibility pop

static LEASH__INLINE void *leash__slot_load(const leash_slot *slot)
{
	struct leash__thread *self = leash__self;
	struct leash__header *h;
	struct leash__credit *credit;
	void *object;

	leash__enter(self);
	object = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
	if (object == NULL) {
		leash__leave(self);
		return NULL;
	}
	/* As leash_weak_load(). */
	h = leash__header_of(object);
	credit = __atomic_load_n(&self->credits, __ATOMIC_ACQUIRE);
	if (__builtin_expect(credit != NULL, 1)) {
		if (__atomic_load_n(&h->owner, __ATOMIC_RELAXED) == self->id) {
			uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

			if (__builtin_expect(!__builtin_add_overflow(local | LEASH__LOCAL_TOUCHED,
								     LEASH__LOCAL_ONE, &local), 1)) {
				__atomic_store_n(&h->local, local, __ATOMIC_RELAXED);
				leash__leave(self);
				return object;
			}
		} else {
			uint32_t count;

			credit = leash__credit_of(credit, h);
			count = __atomic_load_n(&credit->count, __ATOMIC_RELAXED);
			if (__builtin_expect(__atomic_load_n(&credit->header, __ATOMIC_RELAXED) == h &&
						     count != 0, 1)) {
				__atomic_store_n(&credit->count, count - 1, __ATOMIC_RELAXED);
				leash__leave(self);
				return object;
			}
		}
	}
	return leash__slot_load_slow(slot);
}

/* What is there, not counted.  Inside a read section. */
static inline const void *leash_slot_peek(const leash_slot *slot)
{
	return __atomic_load_n(slot, __ATOMIC_CONSUME);
}

#ifdef __cplusplus
}
#endif

#define leash_slot_load(slot) leash__slot_load(slot)
#if !defined(__SANITIZE_ADDRESS__) && !defined(LEASH__STRONG_GUARD) && !defined(LEASH__READ_OUT_OF_LINE)
#ifdef __cplusplus
extern "C" {
#endif
/* liburcu's record of a reader is less aligned than its type says, which -fsanitize=alignment would tell. */
static inline void _urcu_bp_read_lock(void) __attribute__((no_sanitize("alignment")));
static inline void _urcu_bp_read_lock_update(unsigned long tmp) __attribute__((no_sanitize("alignment")));
static inline void _urcu_bp_read_unlock(void) __attribute__((no_sanitize("alignment")));
static inline int _urcu_bp_read_ongoing(void) __attribute__((no_sanitize("alignment")));
#ifdef __cplusplus
}
#endif
#include <urcu/static/urcu-bp.h>
#define leash_read_lock()   _urcu_bp_read_lock()
#define leash_read_unlock() _urcu_bp_read_unlock()
#endif

#endif
