/* Retain, release, and the questions one can ask of a count.
 *
 * Cost, one object, per retain and release together: two plain stores and a comparison more
 * than a plain counter for the owner; about the same for other threads that use one object
 * again and again (their decrements wait as credits in a small table of their own, and the
 * next retain takes the credit back); one atomic operation each otherwise.
 *
 * Progress: wait-free for the owner and for credits; lock-free otherwise.  A thread's first
 * operation attaches it, which takes a lock once.
 */
#ifndef LEASH_COUNT_H
#define LEASH_COUNT_H

#include <stdbool.h>
#include <leash/abi.h>
#include <leash/type.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Adds a reference and returns its argument, with its type.  The caller must hold a reference
 * already, or otherwise know that one exists throughout the call.  NULL is returned as it is.
 * Aborts with one line on stderr when the object is found dead.
 *
 *     T *leash_retain(T *object);
 */
void *leash_retain(const void *object);

/* Gives back a reference that the caller holds; the object must not be used through it any
 * more.  NULL does nothing.  When this was the last reference, and the calling thread can see
 * that (it owns the object, or the object is merged), the object dies before the call returns,
 * and its close, finalize and destroy run on this thread.  A death that only a later flush or
 * revocation finds runs them on a thread of the library's own, some milliseconds later at most.
 * Aborts with one line on stderr when there was no reference left to give back, as far as the
 * library can see it. */
void leash_release(const void *object);

/* The number of references, exact when no other thread is counting (decrements that other
 * threads have deferred still count); at least 1 for a live object.  SIZE_MAX for an immortal
 * object, 0 for NULL.  Wait-free. */
size_t leash_refcount(const void *object);

/* True if the caller's reference is the only one, so that the object can be changed in place
 * (copy on write).  Never true by mistake; false when it cannot be known without waiting (an
 * object that another thread owns, or whose decrements other threads have deferred). */
bool leash_is_unique(const void *object);

/* The type the object was made with; NULL for NULL.  Wait-free. */
const leash_type *leash_typeof(const void *object);

/* Before another thread is given a reference for good: ends this thread's ownership, so that
 * whoever drops the last reference sees it and the object dies at once.  Only a hint: without
 * it the object dies a little later.  The caller keeps its reference.  Does nothing unless
 * this thread is the owner. */
void leash_handoff(const void *object);

/* After an object was received: makes this thread its owner if the caller's reference is the
 * only one and the object has no owner (see leash_handoff()).  True on success, and when this
 * thread owns the object already; false changes nothing. */
bool leash_adopt(const void *object);

/* From now on the object is not counted and never dies: for shared constants.  The caller's
 * reference is consumed.  Further retains and releases are allowed and do nothing. */
void leash_immortalize(const void *object);

#pragma GCC visibility pop

static LEASH__INLINE void *leash__retain(const void *object)
{
	struct leash__thread *self = leash__self;
	struct leash__header *h;
	struct leash__credit *credit;

	if (__builtin_expect(object == NULL, 0))
		return NULL;
	h = leash__header_of(object);
	leash__enter(self);
	if (__builtin_expect(__atomic_load_n(&h->owner, __ATOMIC_RELAXED) == self->id, 1)) {
		uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

		if (__builtin_expect(!__builtin_add_overflow(local | LEASH__LOCAL_TOUCHED,
							     LEASH__LOCAL_ONE, &local), 1)) {
			__atomic_store_n(&h->local, local, __ATOMIC_RELAXED);
			leash__leave(self);
			return (void *)(uintptr_t)object;
		}
	} else if (__builtin_expect((credit = __atomic_load_n(&self->credits, __ATOMIC_ACQUIRE)) !=
					    NULL, 1)) {
		uint32_t count;

		credit = leash__credit_of(credit, h);
		count = __atomic_load_n(&credit->count, __ATOMIC_RELAXED);
		if (__builtin_expect(__atomic_load_n(&credit->header, __ATOMIC_RELAXED) != h ||
					     count == 0, 0))
			return leash__retain_missed(h);
		__atomic_store_n(&credit->count, count - 1, __ATOMIC_RELAXED);
		leash__leave(self);
		return (void *)(uintptr_t)object;
	}
	leash__leave(self);
	return leash__retain_slow(object);
}

static LEASH__INLINE void leash__release(const void *object)
{
	struct leash__thread *self = leash__self;
	struct leash__header *h;
	struct leash__credit *credit;
	leash__bias differ;

	if (__builtin_expect(object == NULL, 0))
		return;
	h = leash__header_of(object);
	leash__enter(self);
	differ = leash__bias_of(&h->owner) ^ leash__bias_of(&self->id);
	if (__builtin_expect((differ & LEASH__BIAS_LEAF) == 0, 1) || (differ & LEASH__BIAS_OWNER) == 0) {
		uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

		if (__builtin_expect(local < 2 * LEASH__LOCAL_ONE, 0)) {
			leash__release_last(h);
			return;
		}
		/* What lives on may be held by a cycle: the collector is told, once. */
		if ((differ & LEASH__BIAS_LEAF) != 0 &&
		    __builtin_expect(!(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__LOGGED), 0)) {
			leash__release_suspect(h);
			return;
		}
		__atomic_store_n(&h->local, local - LEASH__LOCAL_ONE, __ATOMIC_RELAXED);
		leash__leave(self);
	} else if (__builtin_expect((credit = __atomic_load_n(&self->credits, __ATOMIC_ACQUIRE)) !=
					    NULL, 1)) {
		uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);
		uint32_t count;

		credit = leash__credit_of(credit, h);
		count = __atomic_load_n(&credit->count, __ATOMIC_RELAXED) + 1;
		/* Not if this may be the last visible reference: then it dies now. */
		if (__builtin_expect(__atomic_load_n(&credit->header, __ATOMIC_RELAXED) != h ||
					     (shared & (LEASH__DEAD | LEASH__PROMPT | LEASH__IMMORTAL)) ||
					     (shared & LEASH__VISIBLE) ==
						     ((uint64_t)count << LEASH__COUNT_SHIFT |
						      LEASH__MERGED) ||
					     count >= LEASH__CREDIT_MAX, 0)) {
			leash__release_missed(h);
			return;
		}
		__atomic_store_n(&credit->count, count, __ATOMIC_RELAXED);
		__atomic_store_n(&credit->recent, LEASH__CREDIT_RECENT, __ATOMIC_RELAXED);
		leash__leave(self);
	} else {
		leash__leave(self);
		leash__release_slow(object);
	}
}

#ifdef __cplusplus
}
#endif

#define leash_retain(object)  ((__typeof__((void)0, (object)))leash__retain(object))
#define leash_release(object) leash__release(object)

#endif
