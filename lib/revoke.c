/* Merging without asking the owner: revocation.
 *
 * Purpose.  When the owner has given its references away, and another thread's decrement would take the shared
 * count below zero, nobody but the owner can tell whether the object is at its end.  Posting it to the owner's
 * inbox would let a blocked owner keep it alive for ever.  Here the background thread takes the owner away.
 *
 * Algorithm, for a whole batch:
 *
 *   0. (count.c) The decrement is not applied; it stays with the object in the queue, as the reference that
 *      keeps it alive.  The same compare-and-swap sets PENDING.
 *   1. Look ahead: the objects that will probably die with these are revoked along with them, or a list built by
 *      one thread and dropped by another would cost an op-grace for every link.
 *   2. owner = nobody, for all.
 *   3. An op-grace: every operation that read the old owner is over, and visible; later ones count on
 *      the shared word.
 *   4. Fold: local goes into the shared count, the queue's reference is given up, MERGED is set and PENDING
 *      cleared, by one compare-and-swap, which says DEAD as well if that was all.
 *   5. Bury the dead.  What they held may come to the queue again: next batch.
 *
 * Why the fold is exclusive.
 * 1. PENDING is set on unmerged objects only and keeps adopt away until the fold; so between 2 and 4 the owner
 *    field cannot become a thread again.  An adopt in flight at step 0 wrote the owner before the
 *    compare-and-swap that made the object unmerged, and step 0's compare-and-swap came after that one.
 * 2. The ex-owner may merge between 0 and 3 (it read its id before step 2).  After 3 it has: the fold sees
 *    MERGED and leaves `local` alone.  If it is not MERGED at the fold, nobody but the fold can merge it, and
 *    an unmerged object does not die; so `local` is the fold's.
 * 3. An object with a reference of the queue cannot die before its fold.  One found by looking ahead can, at
 *    the hands of its owner or, once merged, of anyone: it is then DEAD and skipped.  If its finalizer brings it
 *    back meanwhile, it is merged and still PENDING: the owner's short cut, which overwrites the word, is not open to types
 *    with hooks.
 *
 * Looking ahead reads fields that other threads change, and headers of objects that other threads bury.
 * Memory of objects that die is therefore kept from before the first field is read until after the last
 * fold (heap.c).  trace callbacks read buffers; retired ones outlive the read section around the walk.
 * Only objects that seem to have one reference are taken along, for an object that lives on should keep its
 * owner; the guess reads racy counts and need not be right.
 *
 * Memory for the queue: when there is none, the thread that wanted to queue revokes that one object at once;
 * nothing but PENDING, which it has set itself, makes that exclusive.
 *
 * Progress: queueing takes a lock shared by few; revocation waits for one op-grace, two when it looks ahead.
 */
#include <stdlib.h>
#include <urcu-bp.h>

#include <leash/field.h>

#include "background.h"
#include "collect/append.h"
#include "count.h"
#include "death.h"
#include "fault.h"
#include "heap.h"
#include "points.h"
#include "probes.h"
#include "revoke.h"
#include "thread.h"
#include "worker.h"

#define CHUNK 510
struct chunk {
	struct chunk *next;
	size_t count;
	struct leash__header *objects[CHUNK];
};

/* Threads spread over the lists by their ids. */
#define LISTS 16
static struct {
	struct lsh_lock lock;
	struct chunk *chunks;
} __attribute__((aligned(64))) lists[LISTS] = {
	[0 ... LISTS - 1] = { .lock = LSH_LOCK_INIT(LSH_RANK_PENDING) },
};

#define CHUNKS_LIMIT 256 /* more, and births help */
static unsigned chunk_count;

#define AHEAD 4096
static struct leash__header *ahead[AHEAD]; /* under lsh_pass */
static size_t ahead_count;

struct lsh_lock lsh_pass = LSH_LOCK_INIT(LSH_RANK_PASS);
char lsh_readers;

static uint32_t local_count(const struct leash__header *h)
{
	return __atomic_load_n(&h->local, __ATOMIC_RELAXED) / LEASH__LOCAL_ONE;
}

/* An object that was looked ahead and died by other hands.  A finalizer may bring it back, and then it should
 * not be pending for ever.  (Who links it meanwhile may undo this; then it is, and is not adopted any more.) */
static bool skip(struct leash__header *h)
{
	__atomic_fetch_and(&h->shared, ~LEASH__PENDING, __ATOMIC_RELAXED);
	return false;
}

/* Step 4; `held` is 1 for objects of the queue, which hold a reference.  In a guard begun with h. */
static bool fold_in_guard(struct lsh_record *record, struct leash__header *h, int64_t held)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE), new;
	int64_t local = 0;

	if (!(old & LEASH__PENDING))
		return false;
	if (old & LEASH__DEAD)
		return skip(h);
	if (!(old & LEASH__MERGED)) {
		local = local_count(h);
		/* Before PENDING goes: who adopts the object writes it. */
		__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
	}
	for (;;) {
		int64_t count = lsh_shared_count(old) + local - held;

		LSH_POINT("fold: before the swap");
		if (old & LEASH__DEAD)
			return skip(h);
		if (count < 0 && !(old & LEASH__IMMORTAL))
			lsh_fault(h, "released more often than retained");
		new = lsh_merged(old, count) & ~LEASH__PENDING;
		if (held && count > 0 && !(old & LEASH__LOGGED) && lsh_is_cyclic(h)) {
			lsh_suspect(record, h);
			old = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
			continue;
		}
		if (__atomic_compare_exchange_n(&h->shared, &old, new, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			break;
	}
	if (new & ~old & LEASH__IMMORTAL)
		lsh_overflowed(h);
	return new & LEASH__DEAD;
}

static bool fold(struct leash__header *h, int64_t held)
{
	struct lsh_record *record = lsh_begin_with(h);
	bool died = fold_in_guard(record, h, held);

	if (died)
		LSH_PROBE_DEATH(h, "revoked");
	lsh_end(record);
	return died;
}

/* Revocation of one object, without memory, lock or looking ahead. */
static void revoke_now(struct leash__header *h)
{
	__atomic_store_n(&h->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
	lsh_op_grace();
	if (fold(h, 1))
		lsh_bury(h, false);
}

void lsh_pending_add(struct leash__header *h)
{
	unsigned i = leash__self->id % LISTS;
	struct chunk *spare = NULL, *chunk;

	for (;;) {
		lsh_lock(&lists[i].lock);
		chunk = lists[i].chunks;
		if ((!chunk || chunk->count == CHUNK) && spare) {
			spare->next = chunk;
			lists[i].chunks = chunk = spare;
			spare = NULL;
			__atomic_fetch_add(&chunk_count, 1, __ATOMIC_RELAXED);
		}
		if (chunk && chunk->count < CHUNK)
			break;
		lsh_unlock(&lists[i].lock);
		spare = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*spare));
		if (!spare) {
			revoke_now(h);
			return;
		}
		spare->count = 0;
	}
	chunk->objects[chunk->count++] = h;
	lsh_unlock(&lists[i].lock);
	free(spare);
	lsh_background_poke();
}

void lsh_pending_throttle(void)
{
	uint64_t began;

	if (__atomic_load_n(&chunk_count, __ATOMIC_RELAXED) <= CHUNKS_LIMIT || rcu_read_ongoing())
		return;
	began = lsh_now();
	lsh_background_pass(false);
	lsh_waited_since(began);
}

bool lsh_pending_any(void)
{
	bool any = false;
	unsigned i;

	for (i = 0; i < LISTS && !any; i++) {
		lsh_lock(&lists[i].lock);
		any = lists[i].chunks != NULL;
		lsh_unlock(&lists[i].lock);
	}
	return any;
}

size_t lsh_pending_count(void)
{
	const struct chunk *chunk;
	size_t count = 0;
	unsigned i;

	for (i = 0; i < LISTS; i++) {
		lsh_lock(&lists[i].lock);
		for (chunk = lists[i].chunks; chunk; chunk = chunk->next)
			count += chunk->count;
		lsh_unlock(&lists[i].lock);
	}
	return count;
}

static struct chunk *take_all(void)
{
	struct chunk *all = NULL, **end = &all;
	unsigned i;

	for (i = 0; i < LISTS; i++) {
		lsh_lock(&lists[i].lock);
		*end = lists[i].chunks;
		lists[i].chunks = NULL;
		lsh_unlock(&lists[i].lock);
		while (*end)
			end = &(*end)->next;
	}
	return all;
}

static void consider(void *field, void *arg)
{
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);
	struct leash__header *h = leash__header_of(object);
	uint64_t shared;

	(void)arg;
	if (!object || ahead_count == AHEAD)
		return;
	LSH_POINT("look ahead: read a field");
	shared = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
	do {
		if (shared & (LEASH__DEAD | LEASH__MERGED | LEASH__PENDING | LEASH__IMMORTAL) ||
		    !LSH_GUESS(lsh_shared_count(shared) + local_count(h) == 1))
			return;
	} while (!__atomic_compare_exchange_n(&h->shared, &shared, shared | LEASH__PENDING, false,
					      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	ahead[ahead_count++] = h;
}

static void look_into(struct leash__header *h)
{
	if (lsh_type_of(h)->references && ahead_count < AHEAD)
		lsh_type_visit(h, consider, NULL);
}

static void look_ahead(const struct chunk *chunks)
{
	size_t i;

	ahead_count = 0;
	rcu_read_lock();
	for (; chunks; chunks = chunks->next) {
		for (i = 0; i < chunks->count; i++) {
			struct leash__header *h = chunks->objects[i];
			uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

			/* The queue's reference, and no other. */
			if (LSH_GUESS(lsh_shared_count(shared) + local_count(h) == 1))
				look_into(h);
		}
	}
	for (i = 0; i < ahead_count; i++)
		look_into(ahead[i]);
	lsh_readers_leave();
}

/* Objects of a batch are cold, and known in advance. */
#define FETCH_AHEAD 8

static bool any_references(const struct chunk *chunks)
{
	size_t i;

	for (; chunks; chunks = chunks->next) {
		for (i = 0; i < chunks->count; i++) {
			if (i + FETCH_AHEAD < chunks->count)
				__builtin_prefetch(chunks->objects[i + FETCH_AHEAD], 1);
			if (lsh_type_of(chunks->objects[i])->references)
				return true;
		}
	}
	return false;
}

static void take_owners(struct leash__header *const *objects, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (i + FETCH_AHEAD < count)
			__builtin_prefetch(objects[i + FETCH_AHEAD], 1);
		__atomic_store_n(&objects[i]->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
	}
}

/* Folds; links the dead to `dead` and returns their number. */
static uint64_t fold_all(struct leash__header *const *objects, size_t count, int64_t held,
			 struct leash__header **dead)
{
	uint64_t deaths = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (i + FETCH_AHEAD < count)
			__builtin_prefetch(objects[i + FETCH_AHEAD], 1);
		if (fold(objects[i], held)) {
			lsh_set_link(objects[i], *dead);
			*dead = objects[i];
			deaths++;
		}
	}
	return deaths;
}

static void revoke(struct chunk *chunks)
{
	struct lsh_record *self = lsh_record();
	struct leash__header *dead = NULL;
	const struct chunk *chunk;
	uint64_t objects = 0, deaths;
	bool keeping = any_references(chunks);

	ahead_count = 0;
	if (keeping) {
		lsh_keep_begin();
		LSH_POINT("revoke: keeping");
		look_ahead(chunks);
	}

	for (chunk = chunks; chunk; chunk = chunk->next) {
		take_owners(chunk->objects, chunk->count);
		objects += chunk->count;
	}
	take_owners(ahead, ahead_count);
	LSH_PROBE(revocation, objects + ahead_count);
	LSH_POINT("revoke: taken away");
	lsh_op_grace();
	LSH_POINT("revoke: after the grace");

	/* What was looked ahead first: a dead object of the queue releases it, once buried. */
	deaths = fold_all(ahead, ahead_count, 0, &dead);
	for (chunk = chunks; chunk; chunk = chunk->next)
		deaths += fold_all(chunk->objects, chunk->count, 1, &dead);
	if (keeping)
		lsh_keep_end();
	if (self) {
		LSH_COUNT_N(self, revocations, objects + ahead_count);
		LSH_COUNT_N(self, deaths_revoked, deaths);
		LSH_COUNT(self, revocation_batches);
	}

	while (dead) {
		struct leash__header *h = dead;

		dead = lsh_link(h);
		lsh_bury(h, false);
	}
}

unsigned lsh_revoke(unsigned rounds)
{
	struct chunk *chunks;
	unsigned round;

	for (round = 0; round < rounds && (chunks = take_all()) != NULL; round++) {
		revoke(chunks);
		while (chunks) {
			struct chunk *next = chunks->next;

			free(chunks);
			chunks = next;
			__atomic_fetch_sub(&chunk_count, 1, __ATOMIC_RELAXED);
		}
	}
	return round;
}

void lsh_pending_lock(void)
{
	unsigned i;

	for (i = 0; i < LISTS; i++)
		pthread_mutex_lock(&lists[i].lock.mutex);
}

void lsh_pending_unlock(void)
{
	unsigned i;

	for (i = 0; i < LISTS; i++)
		pthread_mutex_unlock(&lists[i].lock.mutex);
}
