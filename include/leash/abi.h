/* The object header and the thread record: what inlined code and the library share.
 *
 * Nothing in this file is for direct use; it is public because leash_retain() and
 * leash_release() are inlined into programs.
 *
 * A managed object is a block of memory
 *
 *      [ prefix, 16 bytes ] [ header, 16 bytes ] [ payload ... ]
 *                                                ^ the pointer users hold, 16-byte aligned
 *
 * where the prefix exists only for objects made by leash_new_extra().  Where weak references are allowed, 8 bytes
 * behind the payload (or else in the prefix) lead to what they share.
 *
 * The header has two counts, so that the thread that made an object (its *owner*) can count
 * with plain stores while all others count with atomic read-modify-writes:
 *
 *      references == local count + signed shared count
 *
 * While the object has an owner, the shared count alone says nothing: it may be zero or
 * negative while the object is well alive.  Once the object is *merged* (no owner, the local
 * count folded into the shared one) the shared count is the whole truth, and 0 is death.
 *
 *      shared   64 bits   bits 0-15 type id, 16-31 flags below, 32-63 signed count
 *                         written by anyone, by atomic read-modify-write only, except at
 *                         birth and at a death nobody else can see
 *      local    32 bits   bit 0 touched, bits 1-31 count; written by the owner only, inside
 *                         a guard, and by the revoker when the owner can no longer
 *      owner    16 bits   a thread id, or LEASH__NOBODY
 *      log      16 bits   bits 0-4 where the block goes at once when the object dies, for objects that
 *                         have no hooks; bits 5-15 all ones if the cycle collector has no business with
 *                         the object, or else its place in its owner's log of suspects
 *
 * The touched bits are set by every retain in the same store as the count; they let the cycle
 * collector see that a count moved.  Owners pay nothing for them.
 *
 * The guard.  Every operation that touches a count runs between two plain stores to its own
 * thread's record, busy = 1 and busy = 0.  A thread that must know that nothing is in flight
 * publishes its wish, executes membarrier(2) and then waits until it has seen every busy at 0
 * once (lib/thread.c).  Code inside a guard never blocks and never runs users' code.
 */
#ifndef LEASH_ABI_H
#define LEASH_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LEASH__NOBODY     UINT16_C(0)      /* owner of no thread */
#define LEASH__UNATTACHED UINT16_C(0xffff) /* id of threads without a record: owns nothing */

/* Flags of the shared word. */
#define LEASH__TYPE_MASK UINT64_C(0xffff)
#define LEASH__TOUCHED   (UINT64_C(1) << 16) /* a count was raised or moved between the words */
#define LEASH__MERGED    (UINT64_C(1) << 17) /* no owner; the shared count is the whole count */
#define LEASH__PENDING   (UINT64_C(1) << 18) /* revocation asked for; only the fold clears it */
#define LEASH__DEAD      (UINT64_C(1) << 19) /* the count was 0; nobody may use the object */
#define LEASH__FINALIZED (UINT64_C(1) << 20) /* the finalizer has run or is running */
#define LEASH__CLOSED    (UINT64_C(1) << 21) /* the close function has run or is running */
#define LEASH__IMMORTAL  (UINT64_C(1) << 22) /* not counted, never dies */
#define LEASH__PROMPT    (UINT64_C(1) << 23) /* decrements are never deferred */
#define LEASH__EXTRA     (UINT64_C(1) << 24) /* a prefix holds the size of the tail */
#define LEASH__LOGGED    (UINT64_C(1) << 25) /* stands in a log of suspects, or is about to */
#define LEASH__AGE       (UINT64_C(3) << 26) /* 0-2: rounds survived; 3: frozen */
#define LEASH__AGE_SHIFT 26
#define LEASH__HUSK      (UINT64_C(1) << 28) /* destroyed, but the log still points to it */
#define LEASH__TRIED     (UINT64_C(1) << 29) /* its hooks have run, or will, because it was found in a dead cycle */
#define LEASH__PUBLISHED (UINT64_C(1) << 30) /* was stored in a slot: readers may look at it uncounted */
#define LEASH__WEAK      (UINT64_C(1) << 31) /* weak references, or watches, exist or have existed */
/* Killed by the collector, references to it do not count any more: what is immortal does not die otherwise. */
#define LEASH__SEVERED   (LEASH__DEAD | LEASH__IMMORTAL)
#define LEASH__COUNT_SHIFT 32
#define LEASH__ONE       (UINT64_C(1) << LEASH__COUNT_SHIFT)
/* What tells a thread whether its own references are all there are. */
#define LEASH__VISIBLE   (UINT64_C(0xffffffff) << LEASH__COUNT_SHIFT | LEASH__MERGED)

/* The local word. */
#define LEASH__LOCAL_TOUCHED UINT32_C(1)
#define LEASH__LOCAL_ONE     UINT32_C(2)

/* The log word of an object that is never in a cycle, but for its five lowest bits. */
#define LEASH__LEAF UINT16_C(0xffe0)

struct leash__header {
	uint64_t shared;
	uint32_t local;
	uint16_t owner; /* these two are also read at once */
	uint16_t log;
};

/* A deferred decrement: `count` references to the object of `header` that this thread was
 * given back but has not subtracted yet.  The object cannot die while count > 0. */
struct leash__credit {
	struct leash__header *header;
	uint32_t count;
	uint32_t recent; /* bit 0: filed into since the thread last went through its table; the others:
			  * part of the address of another object that wants the entry, since then */
};

#define LEASH__CREDIT_RECENT UINT32_C(1)

#define LEASH__CREDIT_BITS 12
#define LEASH__CREDITS     (1u << LEASH__CREDIT_BITS)
#define LEASH__CREDIT_MAX  UINT32_C(65536) /* more are subtracted at once */

/* The part of a thread's record that inlined code uses.  Threads that have no record yet,
 * or no longer, share one in which nothing is ever found. */
struct leash__thread {
	uint32_t busy; /* the guard */
	uint16_t id;
	uint16_t leaf; /* LEASH__LEAF */
	struct leash__credit *credits; /* NULL: ask lib/deferred.c */
};

/* Calls that ought to cost little go straight to their address, and C++ need not clean up behind them. */
#if defined(__GNUC__) && !defined(__clang__)
#define LEASH__DIRECT __attribute__((noplt, nothrow))
#else
#define LEASH__DIRECT __attribute__((nothrow))
#endif

/* Compilers think the paths below too long to be inlined; measured, they are twice as fast when they are. */
#define LEASH__INLINE inline __attribute__((always_inline))

#pragma GCC visibility push(default)
/* The number at the end is the version of this file's layout. */
extern __thread struct leash__thread *leash__self_1 __attribute__((tls_model("initial-exec")));
LEASH__DIRECT void *leash__retain_slow(const void *object);
LEASH__DIRECT void leash__release_slow(const void *object);
/* These are called inside the guard and leave it. */
LEASH__DIRECT void leash__release_last(struct leash__header *header);
LEASH__DIRECT void *leash__retain_missed(struct leash__header *header);
LEASH__DIRECT void leash__release_missed(struct leash__header *header);
LEASH__DIRECT void leash__release_suspect(struct leash__header *header);
#pragma GCC visibility pop

#define leash__self leash__self_1

/* ThreadSanitizer cannot see membarrier; programs built with it enter the guard by a
 * read-modify-write, which the library pairs with one of its own. */
#if defined(__SANITIZE_THREAD__)
#define LEASH__STRONG_GUARD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LEASH__STRONG_GUARD 1
#endif
#endif

static inline void leash__enter(struct leash__thread *self)
{
#ifdef LEASH__STRONG_GUARD
	__atomic_exchange_n(&self->busy, 1, __ATOMIC_ACQ_REL);
#else
	__atomic_store_n(&self->busy, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline void leash__leave(struct leash__thread *self)
{
	__atomic_store_n(&self->busy, 0, __ATOMIC_RELEASE);
}

/* Owner and log of a header, or id and leaf of a thread, in one word. */
typedef uint32_t __attribute__((may_alias)) leash__bias;

static inline leash__bias leash__bias_of(const uint16_t *owner)
{
	return __atomic_load_n((const leash__bias *)(const void *)owner, __ATOMIC_RELAXED);
}

/* Of what two such words differ in: the owner, and whether it is a leaf. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LEASH__BIAS_OWNER UINT32_C(0x0000ffff)
#define LEASH__BIAS_LEAF  UINT32_C(0xffe0ffff)
#else
#define LEASH__BIAS_OWNER UINT32_C(0xffff0000)
#define LEASH__BIAS_LEAF  UINT32_C(0xffffffe0)
#endif

static inline struct leash__header *leash__header_of(const void *object)
{
	return (struct leash__header *)((uintptr_t)object - sizeof(struct leash__header));
}

static inline struct leash__credit *leash__credit_of(struct leash__credit *credits,
						     const struct leash__header *header)
{
	/* Neighbours stay neighbours: threads walk objects in the order in which they were made. */
	uintptr_t place = (uintptr_t)header >> 5;

	return credits + ((place ^ place >> LEASH__CREDIT_BITS) & (LEASH__CREDITS - 1));
}

#ifdef __cplusplus
}
#endif
#endif
