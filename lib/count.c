/* The slow paths of counting.
 *
 * Purpose.  Everything about an object's count that is not two plain stores: the count's move between
 * the words, counting by other threads than the owner, and the decision that it is over.
 *
 * Algorithm: biased reference counting (Choi, Shull, Torrellas, PACT 2018), with deferred
 * decrements for the other threads (deferred.c) and with revocation (revoke.c) where the paper posts objects
 * to their owner's queue.  The words are drawn in <leash/abi.h>.
 *
 * An object is in one of these states; an arrow says who moves it and by what:
 *
 *      owned     owner = a thread id, not MERGED              born here
 *        |  owner: release of the last local count, handoff   \  anyone: a decrement that would take the
 *        |  (CAS on shared)                                    \ shared count below 0 (CAS sets PENDING)
 *        v                                                      v
 *      merged    owner = nobody, MERGED        <----------   pending   not MERGED, PENDING, in the queue
 *        |  ^ adopt (owner, then CAS)        fold (revoke.c)
 *        v  the count reaches 0 (CAS sets DEAD in the same step)
 *      dead      nobody may count it; its count's bits are links of lists now
 *
 * Invariants.
 * 1. references = local + shared count, at every instant at which no guard is in flight.
 * 2. Owned implies local >= 1: the owner merges in the operation that would leave 0.
 * 3. Only the owner writes `local`, in a guard in which it has read owner == its id; once the
 *    owner is taken away and an op-grace has passed, only the fold does.  Merged implies local == 0.
 * 4. DEAD is set by the step that makes the count 0, or, where nobody else counts the object, by a
 *    plain store (the short cut): shared word without count and flags, read with acquire, local count 1, a
 *    type without hooks.  Whatever lets others count the object is set by a read-modify-write before they
 *    can; the revoker, which may find the object while it looks ahead, leaves dead ones alone.
 * 5. PENDING is set only on an object that is not MERGED, and cleared only by the fold.  An
 *    object with PENDING is not adopted, so the fold's caller may trust that nobody became its owner.
 * 6. Who decides that the count is 0 decides from the value that its own read-modify-write returned or
 *    replaced.  Two threads that read "2" separately would both walk away.
 * 7. A claim leaves its holder before it is applied: a credit's entry is emptied before its
 *    credits are subtracted.
 * 8. Before a decrement that leaves an object of a cyclic type alive, and in the same guard, the object is made a suspect
 *    (collect/suspects.c), unless it is one.
 * 9. A retain, a move between the words, and the removal of a reference from a field set TOUCHED in a word of the
 *    object, in the guard in which they happen (collect/round.c).
 *
 * Memory order.  Each subtraction is a release and each death an acquire, so that all that was
 * done through any reference happens before the object's end.  The owner's plain decrements are ordered by
 * its own merge (release) or by the op-grace before the fold (thread.c, 1).
 *
 * Progress: lock-free; compare-and-swap fails only because another thread's count succeeded.
 *
 * Limits.  A full local count (2^31 - 1) moves a quarter of it to the shared one; a shared count of
 * 0x60000000 makes the object immortal, which is said once.
 */
#include "background.h"
#include "collect/append.h"
#include "collect/collector.h"
#include "count.h"
#include "death.h"
#include "fault.h"
#include "harden.h"
#include "heap.h"
#include "points.h"
#include "probes.h"
#include "revoke.h"
#include "thread.h"
#include "words.h"

#include <leash/leash.h>
#undef leash_retain
#undef leash_release

#define LOCAL_PART (UINT32_C(1) << 29)

/* What a shared word may hold when only the owner's local count stands between the object and its end. */
#define UNSEEN (LEASH__TYPE_MASK | LEASH__TOUCHED | LEASH__FINALIZED | LEASH__CLOSED | LEASH__PROMPT | \
		LEASH__EXTRA | LEASH__AGE | LEASH__TRIED)

void lsh_overflowed(struct leash__header *h)
{
	static bool said;

	lsh_counters_immortal();
	if (!__atomic_exchange_n(&said, true, __ATOMIC_RELAXED))
		lsh_say("object %p of type %s: more than %lld references; it is immortal now",
			(void *)(h + 1), lsh_type_of(h)->type->name, (long long)LSH_IMMORTAL_AT);
}

/* Adds n references to the shared count. */
static void add_shared(struct leash__header *h, uint32_t n)
{
	uint64_t old = __atomic_fetch_add(&h->shared, n * LEASH__ONE, __ATOMIC_RELAXED);

	if (__builtin_expect(old & LEASH__DEAD, 0))
		lsh_fault(h, "retained after its death");
	if (!(old & LEASH__TOUCHED))
		__atomic_fetch_or(&h->shared, LEASH__TOUCHED, __ATOMIC_RELAXED);
	if (__builtin_expect(lsh_shared_count(old) + n >= LSH_IMMORTAL_AT, 0) &&
	    !(__atomic_fetch_or(&h->shared, LEASH__IMMORTAL, __ATOMIC_ACQ_REL) & LEASH__IMMORTAL))
		lsh_overflowed(h);
}

/* True if the object, which is about to live on with a reference less, has yet to be made a suspect. */
static bool unsuspected(const struct leash__header *h, uint64_t shared)
{
	return !(shared & LEASH__LOGGED) && lsh_is_cyclic(h);
}

enum lsh_outcome lsh_apply(struct lsh_record *record, struct leash__header *h, uint64_t n)
{
	uint64_t old = lsh_load_shared(h), new;
	enum lsh_outcome outcome;

	for (;;) {
		int64_t count = lsh_shared_count(old) - (int64_t)n;

		LSH_POINT("apply: before the swap");
		if (old & LEASH__DEAD)
			lsh_fault(h, "released after its death");
		if (old & LEASH__IMMORTAL)
			return LSH_ALIVE;
		outcome = LSH_ALIVE;
		if (old & LEASH__MERGED) {
			if (count < 0)
				lsh_fault(h, "released more often than retained");
			new = lsh_with_count(old, count);
			if (count == 0) {
				new |= LEASH__DEAD;
				outcome = LSH_DIED;
			}
		} else if (count >= 0 || old & LEASH__PENDING) {
			new = lsh_with_count(old, count);
		} else {
			/* One of them stays, as the queue's reference, until the count is known. */
			new = lsh_with_count(old, count + 1) | LEASH__PENDING;
			outcome = LSH_PENDED;
		}
		if (outcome == LSH_ALIVE && unsuspected(h, old)) {
			lsh_suspect(record, h);
			old = lsh_load_shared(h);
			continue;
		}
		if (lsh_swap_shared(h, &old, new))
			return outcome;
	}
}

void lsh_touch(struct lsh_record *record, struct leash__header *h)
{
	if (lsh_owns(record, h))
		__atomic_store_n(&h->local, __atomic_load_n(&h->local, __ATOMIC_RELAXED) | LEASH__LOCAL_TOUCHED,
				 __ATOMIC_RELAXED);
	else if (!(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__TOUCHED))
		__atomic_fetch_or(&h->shared, LEASH__TOUCHED, __ATOMIC_RELAXED);
}

enum lsh_outcome lsh_merge(struct lsh_record *record, struct leash__header *h, uint32_t local)
{
	uint64_t old = lsh_load_shared(h), new;
	int64_t count;

	lsh_note_move(record, h, local * LEASH__LOCAL_ONE);
	/* Before MERGED is seen: who adopts the object writes both. */
	__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&h->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
	for (;;) {
		LSH_POINT("merge: before the swap");
		count = lsh_shared_count(old) + local;
		if (count < 0 && !(old & LEASH__IMMORTAL))
			lsh_fault(h, "released more often than retained");
		new = lsh_merged(old, count);
		/* The owner's last: a decrement.  (A merge for a handoff is none.) */
		if (local == 0 && count > 0 && unsuspected(h, old)) {
			lsh_suspect(record, h);
			old = lsh_load_shared(h);
			continue;
		}
		if (lsh_swap_shared(h, &old, new))
			break;
	}
	lsh_note_move(record, NULL, 0);
	if (new & ~old & LEASH__IMMORTAL)
		lsh_overflowed(h);
	LSH_COUNT(record, merges);
	return new & LEASH__DEAD ? LSH_DIED : LSH_ALIVE;
}

/* The owner, in its guard, gives up one reference. */
static enum lsh_outcome release_owned(struct lsh_record *record, struct leash__header *h)
{
	uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);
	enum lsh_outcome outcome;
	uint64_t shared;

	shared = lsh_load_shared(h);
	if (local >= 2 * LEASH__LOCAL_ONE) {
		if (unsuspected(h, shared))
			lsh_suspect(record, h);
		__atomic_store_n(&h->local, local - LEASH__LOCAL_ONE, __ATOMIC_RELAXED);
		return LSH_ALIVE;
	}
	if (local < LEASH__LOCAL_ONE)
		lsh_fault(h, "released more often than retained");
	/* A type with hooks may bring the object back: what others write into the word must not be lost. */
	if ((shared & ~UNSEEN) == 0 && !lsh_type_of(h)->hooks) {
		__atomic_store_n(&h->shared, shared | LEASH__MERGED | LEASH__DEAD, __ATOMIC_RELAXED);
		__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&h->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
		outcome = LSH_DIED;
	} else {
		/* Now, while its place in the log can be noted. */
		if (lsh_shared_count(shared) != 0 && unsuspected(h, shared))
			lsh_suspect(record, h);
		outcome = lsh_merge(record, h, 0);
	}
	if (outcome == LSH_DIED)
		LSH_PROBE_DEATH(h, "owner");
	return outcome;
}

/* Another thread than the owner, in its guard, gives up one reference and all it has deferred. */
static enum lsh_outcome release_shared(struct lsh_record *record, struct leash__header *h)
{
	enum lsh_outcome outcome = lsh_apply(record, h, 1 + lsh_credit_take(record, h));

	if (outcome == LSH_DIED) {
		LSH_COUNT(record, deaths_shared);
		LSH_PROBE_DEATH(h, "shared");
	}
	return outcome;
}

void lsh_finish(struct lsh_record *record, struct leash__header *h, enum lsh_outcome outcome,
		   bool prompt)
{
	if (outcome == LSH_DIED)
		lsh_strike(record, h);
	if (__builtin_expect(outcome == LSH_DIED && lsh_type_of(h)->simple &&
				     !(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & (LEASH__WEAK | LEASH__PUBLISHED)), 1)) {
		struct leash__header *rest = lsh_free_in_guard(record, h);

		lsh_end(record);
		lsh_free_after(record, rest);
		return;
	}
	lsh_end(record);
	if (outcome == LSH_DIED)
		lsh_bury(h, prompt);
	else if (outcome == LSH_PENDED)
		lsh_pending_add(h);
	lsh_collector_feed();
}

/* In the guard, for an object whose last reference is the caller's: if nobody can have set anything in its shared
 * word, and it has no fields, no hooks, and a place for its block, it is gone when this returns true, the guard
 * too.  `rest` is what stands in the shared word besides count and MERGED. */
static inline bool bury_simple(struct lsh_record *record, struct leash__header *h, uint64_t rest)
{
	/* Not by way of the type: births to come wait for what is written here. */
	unsigned magazine = __atomic_load_n(&h->log, __ATOMIC_RELAXED) & LSH_LOG_MAGAZINE;

	if (__builtin_expect((rest & ~(UNSEEN & ~LEASH__EXTRA)) != 0 ||
				     __atomic_load_n(&lsh_detour.any, __ATOMIC_ACQUIRE) ||
				     !lsh_magazine_push(&record->magazines.of[magazine], h), 0))
		return false;
	__atomic_store_n(&h->shared, rest | LEASH__MERGED | LEASH__DEAD, __ATOMIC_RELAXED);
	lsh_set_half(h, (union lsh_half){ .owner = LEASH__NOBODY });
	LSH_COUNT(record, frees);
	leash__leave(&record->hot);
	return true;
}

/* Whether all its fields are NULL. */
static bool is_bare(const struct leash__header *h, const struct lsh_type *type)
{
	const leash__ref *refs = (const leash__ref *)(h + 1) + type->first_ref;
	unsigned i;

	for (i = 0; i < type->refs; i++)
		if (__atomic_load_n(&refs[i], __ATOMIC_RELAXED))
			return false;
	return true;
}

/* The same for an object whose type has fields, if all of them are NULL, and the log of this thread is the
 * only one that may know it. */
static bool bury_bare(struct lsh_record *record, struct leash__header *h, uint64_t rest)
{
	const struct lsh_type *type = &lsh_types[rest & LEASH__TYPE_MASK];
	struct lsh_magazine *magazine =
		&record->magazines.of[__atomic_load_n(&h->log, __ATOMIC_RELAXED) & LSH_LOG_MAGAZINE];

	if ((rest & ~((UNSEEN & ~LEASH__EXTRA) | LEASH__LOGGED)) != 0 || magazine->count == magazine->capacity ||
	    __atomic_load_n(&lsh_detour.any, __ATOMIC_ACQUIRE) || !is_bare(h, type) ||
	    (rest & LEASH__LOGGED && !lsh_strike_entry(record, h)))
		return false;
	lsh_magazine_push(magazine, h);
	__atomic_store_n(&h->shared, (rest & ~LEASH__LOGGED) | LEASH__MERGED | LEASH__DEAD, __ATOMIC_RELAXED);
	lsh_set_half(h, (union lsh_half){ .owner = LEASH__NOBODY });
	LSH_COUNT(record, frees_cyclic);
	leash__leave(&record->hot);
	return true;
}

static __attribute__((noinline)) void release_last_oddly(struct lsh_record *record,
							 struct leash__header *h)
{
	if (lsh_is_cyclic(h) && !lsh_log_open(record)) {
		leash__leave(&record->hot);
		leash__release_slow(h + 1);
		return;
	}
	lsh_finish(record, h, release_owned(record, h), true);
}

/* The owner's release of its last local reference. */
void leash__release_last(struct leash__header *h)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;

	uint64_t shared = lsh_load_shared(h);

	if (__atomic_load_n(&h->local, __ATOMIC_RELAXED) < LEASH__LOCAL_ONE ||
	    !(lsh_is_cyclic(h) ? bury_bare(record, h, shared) : bury_simple(record, h, shared)))
		release_last_oddly(record, h);
}

/* Any thread, in its guard, gives up one reference, deferring nothing. */
static enum lsh_outcome release_one(struct lsh_record *record, struct leash__header *h)
{
	return lsh_owns(record, h) ? release_owned(record, h) : release_shared(record, h);
}

void lsh_drop(struct leash__header *h, bool prompt)
{
	struct lsh_record *record = lsh_begin_with(h);

	lsh_finish(record, h, release_one(record, h), prompt);
}

void lsh_drop_from(void *field, struct leash__header *h, bool prompt)
{
	struct lsh_record *record = lsh_begin_with(h);

	if (lsh_is_cyclic(h))
		lsh_touch(record, h);
	__atomic_store_n((leash__ref *)field, NULL, __ATOMIC_RELEASE);
	lsh_finish(record, h, release_one(record, h), prompt);
}

/* The owner's release of a reference that is not the last one, to an object that no log knows. */
void leash__release_suspect(struct leash__header *h)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;

	if (__builtin_expect(!lsh_log_open(record), 0)) {
		leash__leave(&record->hot);
		leash__release_slow(h + 1);
		return;
	}
	lsh_suspect(record, h);
	__atomic_store_n(&h->local, __atomic_load_n(&h->local, __ATOMIC_RELAXED) - LEASH__LOCAL_ONE,
			 __ATOMIC_RELAXED);
	leash__leave(&record->hot);
	lsh_collector_feed();
}

/* Anything but a plain addition; ends the guard. */
static __attribute__((noinline)) void *retain_oddly(struct lsh_record *record, struct leash__header *h)
{
	if ((lsh_load_shared(h) & LEASH__SEVERED) != LEASH__IMMORTAL)
		add_shared(h, 1);
	lsh_end(record);
	return h + 1;
}

/* Not the owner, and no credit. */
void *leash__retain_missed(struct leash__header *h)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	if (__builtin_expect((old & (LEASH__TOUCHED | LEASH__IMMORTAL | LEASH__DEAD)) != LEASH__TOUCHED ||
				     lsh_shared_count(old) >= LSH_IMMORTAL_AT / 2, 0))
		return retain_oddly(record, h);
	__atomic_fetch_add(&h->shared, LEASH__ONE, __ATOMIC_RELAXED);
	leash__leave(&record->hot);
	return h + 1;
}

/* What an eviction could not do by one swap: the end of the evicted, or the need to queue it.  Ends the guard. */
static __attribute__((noinline)) void evict_slowly(struct lsh_record *record, struct leash__header *h,
						   uint32_t count)
{
	enum lsh_outcome outcome;

	/* The entry is another's already; its references are this call's. */
	if (lsh_is_cyclic(h) && !lsh_log_open(record)) {
		leash__leave(&record->hot);
		record = lsh_begin_with(h);
	}
	outcome = lsh_apply(record, h, count);

	if (outcome == LSH_DIED) {
		LSH_COUNT(record, deaths_deferred);
		LSH_PROBE_DEATH(h, "deferred");
	}
	lsh_finish(record, h, outcome, false);
}

/* Subtracts the credits of an entry that had to make room.  Ends the guard. */
static void evict(struct lsh_record *record, struct leash__header *h, uint32_t count)
{
	uint64_t old = lsh_load_shared(h);
	int64_t rest = lsh_shared_count(old) - count;

	LSH_POINT("evict");
	if (__builtin_expect(rest < !!(old & LEASH__MERGED) || old & (LEASH__IMMORTAL | LEASH__DEAD) ||
				     unsuspected(h, old) ||
				     !lsh_swap_shared(h, &old, lsh_with_count(old, rest)), 0)) {
		evict_slowly(record, h, count);
		return;
	}
	leash__leave(&record->hot);
}

/* Makes an entry for the object; the one that stood there goes.  Ends the guard. */
static void defer(struct lsh_record *record, struct leash__credit *entry, struct leash__header *h)
{
	struct leash__header *other = __atomic_load_n(&entry->header, __ATOMIC_RELAXED);
	uint32_t count = __atomic_load_n(&entry->count, __ATOMIC_RELAXED);

	__atomic_store_n(&entry->header, h, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->count, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->recent, LEASH__CREDIT_RECENT, __ATOMIC_RELAXED);
	__atomic_store_n(&record->deferred.used, true, __ATOMIC_RELAXED);
	if (other && count)
		evict(record, other, count);
	else
		leash__leave(&record->hot);
	lsh_background_poke();
	if (__builtin_expect(++record->deferred.filed >= LSH_FILED_MAX, 0))
		lsh_deferred_flush(record);
}

static __attribute__((noinline)) void release_oddly(struct lsh_record *record, struct leash__header *h)
{
	if (lsh_is_cyclic(h) && !lsh_log_open(record)) {
		lsh_end(record);
		lsh_drop(h, true);
		return;
	}
	lsh_finish(record, h, release_shared(record, h), true);
}

/* Not the owner, the table is ours, and the credit cannot simply be filed: there is no entry yet, or this may be the last visible
 * reference, or the object wants no deferring. */
void leash__release_missed(struct leash__header *h)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;
	/* The caller read hot.credits in this guard and found the table; by now the pointer may be gone. */
	struct leash__credit *entry = leash__credit_of(record->deferred.table, h);
	uint64_t shared = lsh_load_shared(h);

	if (__builtin_expect(shared & (LEASH__IMMORTAL | LEASH__DEAD | LEASH__PROMPT) ||
				     __atomic_load_n(&entry->header, __ATOMIC_RELAXED) == h, 0)) {
		release_oddly(record, h);
		return;
	}
	/* A reference that its owner counted and gave away: it will not be taken back, it will be revoked. */
	if (lsh_shared_count(shared) <= 0 && !(shared & LEASH__MERGED)) {
		release_oddly(record, h);
		return;
	}
	/* The only reference, and no other word than the shared one: as the owner's short cut. */
	if ((shared & LEASH__VISIBLE) == (LEASH__ONE | LEASH__MERGED)) {
		if (lsh_is_cyclic(h) || !bury_simple(record, h, shared & ~LEASH__VISIBLE))
			release_oddly(record, h);
		return;
	}
	if (lsh_credit_admits(entry, h))
		defer(record, entry, h);
	else if (!unsuspected(h, shared) && lsh_swap_shared(h, &shared, shared - LEASH__ONE))
		leash__leave(&record->hot);
	else
		release_oddly(record, h);
}

static void retain_owned(struct leash__header *h)
{
	uint32_t local = __atomic_load_n(&h->local, __ATOMIC_RELAXED);

	if (local >= UINT32_MAX - LEASH__LOCAL_ONE) {
		add_shared(h, LOCAL_PART);
		local -= LOCAL_PART * LEASH__LOCAL_ONE;
	}
	__atomic_store_n(&h->local, (local | LEASH__LOCAL_TOUCHED) + LEASH__LOCAL_ONE, __ATOMIC_RELAXED);
}

bool lsh_try_retain(struct lsh_record *record, struct leash__header *h, uint64_t refused)
{
	uint64_t old;

	if (lsh_owns(record, h)) {
		retain_owned(h);
		return true;
	}
	old = lsh_load_shared(h);
	do {
		LSH_POINT("try retain: before the swap");
		if (old & refused)
			return false;
		if (old & LEASH__IMMORTAL)
			return true;
	} while (!lsh_swap_shared(h, &old, (old + LEASH__ONE) | LEASH__TOUCHED));
	if (__builtin_expect(lsh_shared_count(old) + 1 >= LSH_IMMORTAL_AT, 0) &&
	    !(__atomic_fetch_or(&h->shared, LEASH__IMMORTAL, __ATOMIC_ACQ_REL) & LEASH__IMMORTAL))
		lsh_overflowed(h);
	return true;
}

void *leash__retain_slow(const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;

	lsh_harden_check(h, "leash_retain");
	record = lsh_begin();
	if (lsh_owns(record, h)) {
		retain_owned(h);
		lsh_end(record);
		return h + 1;
	}
	return retain_oddly(record, h);
}

void leash__release_slow(const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;

	lsh_harden_check(h, "leash_release");
	record = lsh_begin_with(h);
	if (lsh_owns(record, h))
		lsh_finish(record, h, release_owned(record, h), true);
	else if (__atomic_load_n(&record->hot.credits, __ATOMIC_ACQUIRE))
		leash__release_missed(h);
	else
		release_oddly(record, h);
}

void *leash_retain(const void *object)
{
	return leash__retain(object);
}

void leash_release(const void *object)
{
	leash__release(object);
}
