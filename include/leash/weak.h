/* Weak references: pointing without holding.
 *
 *     leash_weak parent;                        in a struct or a variable; all bytes 0: empty
 *     leash_weak_init(&parent, node);           points to node, does not keep it alive
 *     struct node *p = leash_weak_load(&parent);    a strong reference, or NULL once node is dying
 *     leash_weak_clear(&parent);                empty again; every weak reference is cleared in the end
 *
 * The object's type has LEASH_WEAKABLE.  Weak references that are members of managed objects are named in
 * LEASH_FIELDS() and clear themselves when their object dies.
 *
 * A load gives a live object or NULL, and once NULL, always NULL.  It is NULL from the moment at which the last strong
 * reference goes, before close and finalize run, and for the members of a garbage cycle from the moment at which the
 * collector has decided.  (What a finalizer brings back has lost its weak references for good.)
 *
 * Thread safety: any number of threads may load, copy from and ask one weak reference; a thread that initialises or
 * clears it does so alone, as with any variable.
 *
 * What a thread loads and releases that another has made may live a moment longer than its last reference, as the thread may
 * defer the release.  Where that matters, LEASH_PROMPT (type.h) or leash_flush() (object.h) help.
 *
 * Cost of a load: that of a retain, and two reads; no write at all when it fails.  Progress: lock-free.
 */
#ifndef LEASH_WEAK_H
#define LEASH_WEAK_H

#include <stdbool.h>
#include <stddef.h>

#include <leash/abi.h>
#include <leash/count.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What all weak references to one object share.  Reserved, but for its name. */
struct leash__weak {
	struct leash__header *object; /* NULL when it is dead; bit 0: the collector is deciding */
};

/* A weak reference; one word. */
typedef struct leash__weak *leash_weak;

/* A function that is called when an object dies. */
typedef struct leash_watch leash_watch;

#pragma GCC visibility push(default)

/* Makes *weak, whatever it held, a weak reference to the object; empty for NULL, for one that was dying already, had its
 * close or finalize run for that, and was brought back, and in the object's own destroy.  The caller holds a reference to the object.  0, -EINVAL for a type without LEASH_WEAKABLE,
 * or -ENOMEM; *weak is empty then. */
int leash_weak_init(leash_weak *weak, const void *object) __attribute__((nonnull(1), nothrow));

/* Makes *to, whatever it held, a weak reference to what *from points to. */
void leash_weak_copy(leash_weak *to, const leash_weak *from) __attribute__((nonnull, nothrow));

/* Makes it empty. */
void leash_weak_clear(leash_weak *weak) __attribute__((nonnull, nothrow));

/* Whether a load would give NULL: true is for good, false may be over when the call returns. */
bool leash_weak_expired(const leash_weak *weak) __attribute__((nonnull, nothrow));

/* The number of weak references to a live object; 0 for NULL.  Exact when no other thread makes or clears some. */
size_t leash_weak_count(const void *object);

/* A strong reference to the object, which the caller owns, or NULL if it is empty or the object is dying. */
void *leash_weak_load(const leash_weak *weak) __attribute__((nonnull, nothrow, warn_unused_result));

/* Has fn(arg) called once when the object dies, after its weak references have become NULL and before close and finalize:
 * on the thread that drops the last reference, or on a thread of the library's if the death is deferred or found by
 * the collector.  fn may use the library.  NULL with errno EINVAL for a type without LEASH_WEAKABLE (or NULL, or an
 * object that allows no weak references any more), or ENOMEM.
 *
 * The handle belongs to the caller until it is given to leash_watch_cancel(), which it must be in the end. */
leash_watch *leash_watch_add(const void *object, void (*fn)(void *arg), void *arg);

/* Gives the handle back.  True if it was in time: fn has not been called, and will not be.  False: it has been, or
 * it is being called by another thread now.  NULL gives false. */
bool leash_watch_cancel(leash_watch *watch);

/* What the inline load cannot do in two steps.  Inside the guard, which it leaves. */
LEASH__DIRECT void *leash__weak_load_slow(const struct leash__weak *slot);

#pragma GCC visibility pop

static LEASH__INLINE void *leash__weak_load(const leash_weak *weak)
{
	struct leash__thread *self = leash__self;
	const struct leash__weak *slot;
	struct leash__header *h;
	struct leash__credit *credit;

	leash__enter(self);
	slot = __atomic_load_n(weak, __ATOMIC_ACQUIRE);
	h = slot ? __atomic_load_n(&slot->object, __ATOMIC_ACQUIRE) : NULL;
	if (h == NULL) {
		leash__leave(self);
		return NULL;
	}
	/* An object that this thread owns is alive, and so is one that it has a credit of.  Without a table
	 * of credits, the guard may be nobody's. */
	credit = __atomic_load_n(&self->credits, __ATOMIC_ACQUIRE);
	if (__builtin_expect(credit != NULL && ((uintptr_t)h & 1) == 0, 1)) {
		if (__atomic_load_n(&h->owner, __ATOMIC_RELAXED) == self->id) {
			uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

			if (__builtin_expect(!__builtin_add_overflow(local | LEASH__LOCAL_TOUCHED,
								     LEASH__LOCAL_ONE, &local), 1)) {
				__atomic_store_n(&h->local, local, __ATOMIC_RELAXED);
				leash__leave(self);
				return h + 1;
			}
		} else {
			uint32_t count;

			credit = leash__credit_of(credit, h);
			count = __atomic_load_n(&credit->count, __ATOMIC_RELAXED);
			if (__builtin_expect(__atomic_load_n(&credit->header, __ATOMIC_RELAXED) == h &&
						     count != 0, 1)) {
				__atomic_store_n(&credit->count, count - 1, __ATOMIC_RELAXED);
				leash__leave(self);
				return h + 1;
			}
		}
	}
	return leash__weak_load_slow(slot);
}

#ifdef __cplusplus
}
#endif

#define leash_weak_load(weak) leash__weak_load(weak)

#endif
