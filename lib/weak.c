/* Weak references.
 *
 * Purpose.  To point to an object without keeping it alive, and to get a strong reference from there as long
 * as there is one to get; at the price of a retain, without a lock, and without a write when it is too late.
 *
 * Structure.  The first weak reference to an object makes a struct lsh_weak, which all later ones share; a weak reference
 * is its address.  It leads to the object, and lives as long as the object or any weak reference.  The object finds it in
 * a word behind its payload (type.h).
 *
 * Algorithm.  A load reads, in one guard, where the object is, and adds a reference:
 *
 *      by the owner          plainly: what a thread owns cannot die while that thread is busy with something else
 *      with a credit of it   by taking the credit back, which is a reference already
 *      else                  by a compare-and-swap of the shared word, from a value that says neither dead nor finalized
 *
 * A death (DEAD is set by the step that makes the count 0, which leaves the object without an owner) is followed by
 * lsh_weak_died(), which makes the pointer NULL before any hook runs.  Between the two a load finds DEAD.  The
 * object's header, and what weak references share, outlive every load that has found them: they go through limbo (limbo.c).
 *
 * Invariants.
 * 1. WEAK is set before the struct can be found by anyone, and takes the object off the owner's short cut (count.c): its
 *    death is a compare-and-swap.
 * 2. `seen.object` goes from the object to NULL once, and never back; the collector's tag comes and goes.
 * 3. Making the struct touches the object, in the guard in which it can be found (collect/round.c).
 *
 * Verdicts.  The collector tags the pointers of what it takes for garbage before its first reading (collect/verdict.c), and a load
 * that finds the tag must first move the verdict from undecided to rescued; the collector moves it from undecided to condemned
 * before it kills.  Who comes second gives way: the load returns NULL, or the collector lets live.  Nobody waits.
 *
 * Watches are in a list of the struct, under one lock for all: they come and go seldom.
 *
 * Progress: loads are lock-free, wait-free for the owner; making and clearing take no lock but malloc's.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>
#undef leash_weak_load

#include "count.h"
#include "death.h"
#include "harden.h"
#include "limbo.h"
#include "lock.h"
#include "points.h"
#include "thread.h"
#include "weak.h"
#include "words.h"

#define ONE_WEAK  (UINT64_C(1) << 32)
#define ONE_OTHER UINT64_C(1)

struct leash_watch {
	void (*fn)(void *arg);
	void *arg;
	struct lsh_weak *weak;
	struct leash_watch *next, **link; /* NULL: it has been called, or is being called */
};

static struct lsh_lock lock = LSH_LOCK_INIT(LSH_RANK_WATCHES);

static struct leash__header *untagged(struct leash__header *h)
{
	return (struct leash__header *)((uintptr_t)h & ~(uintptr_t)LSH_WEAK_TAG);
}

static struct lsh_weak *weak_of(const leash_weak *weak)
{
	return (struct lsh_weak *)__atomic_load_n(weak, __ATOMIC_ACQUIRE);
}

struct lsh_weak *lsh_weak_of(const struct leash__header *h)
{
	if (!(__atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & LEASH__WEAK))
		return NULL;
	return __atomic_load_n(lsh_weak_word(h), __ATOMIC_ACQUIRE);
}

static void give_up(struct lsh_weak *weak, uint64_t what)
{
	if (weak && __atomic_sub_fetch(&weak->references, what, __ATOMIC_ACQ_REL) == 0)
		lsh_limbo_add_weak(weak);
}

void lsh_weak_drop(struct lsh_weak *weak)
{
	give_up(weak, ONE_OTHER);
}

struct lsh_weak *lsh_weak_hold(const struct leash__header *h)
{
	struct lsh_weak *weak = lsh_weak_of(h);
	uint64_t old;

	if (!weak)
		return NULL;
	old = __atomic_load_n(&weak->references, __ATOMIC_RELAXED);
	do
		if (!old)
			return NULL;
	while (!__atomic_compare_exchange_n(&weak->references, &old, old + ONE_OTHER, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
	return weak;
}

static bool is_dead(const struct lsh_weak *weak)
{
	return __atomic_load_n(&weak->seen.object, __ATOMIC_ACQUIRE) == NULL;
}

/* Gives the object `fresh`, unless it has one that is alive; in a guard.  Returns what it has then; `old` is what it gives up. */
static struct lsh_weak *install(struct lsh_record *record, struct leash__header *h, struct lsh_weak *fresh,
				struct lsh_weak **old)
{
	struct lsh_weak **word = lsh_weak_word(h);

	*old = NULL;
	/* A finalizer that comes after this waits for the guard (finalizers.c). */
	if (__atomic_fetch_or(&h->shared, LEASH__WEAK, __ATOMIC_ACQ_REL) & LEASH__FINALIZED)
		fresh->seen.object = NULL;
	*old = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	LSH_POINT("weak: flagged");
	do
		if (*old && !is_dead(*old))
			return *old;
	while (!__atomic_compare_exchange_n(word, old, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	lsh_touch(record, h);
	return fresh;
}

static void put_in(struct lsh_weak *weak, leash_watch *watch)
{
	watch->next = weak->watches;
	watch->link = &weak->watches;
	if (watch->next)
		watch->next->link = &watch->next;
	__atomic_store_n(&weak->watches, watch, __ATOMIC_RELEASE);
}

/* Under the lock.  True if it was in a list. */
static bool take_out(leash_watch *watch)
{
	if (!watch->link)
		return false;
	__atomic_store_n(watch->link, watch->next, __ATOMIC_RELEASE);
	if (watch->next)
		watch->next->link = watch->link;
	watch->link = NULL;
	return true;
}

/* The object was brought back before its watches were told. */
static void move_watches(struct lsh_weak *to, struct lsh_weak *from)
{
	leash_watch *watch;

	lsh_lock(&lock);
	while ((watch = from->watches) != NULL) {
		take_out(watch);
		put_in(to, watch);
	}
	lsh_unlock(&lock);
}

/* What the object's weak references share, with so many references more; NULL without memory.  The caller holds the object. */
static struct lsh_weak *share(struct leash__header *h, uint64_t more)
{
	struct lsh_weak *weak, *old, *fresh;
	struct lsh_record *record = lsh_begin();

	weak = lsh_weak_of(h);
	if (weak && !is_dead(weak)) {
		__atomic_fetch_add(&weak->references, more, __ATOMIC_RELAXED);
		lsh_end(record);
		return weak;
	}
	lsh_end(record);
	fresh = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*fresh));
	if (!fresh)
		return NULL;
	*fresh = (struct lsh_weak){ .seen = { h }, .references = ONE_OTHER };
	record = lsh_begin();
	weak = install(record, h, fresh, &old);
	__atomic_fetch_add(&weak->references, more, __ATOMIC_RELAXED);
	lsh_end(record);
	if (weak != fresh)
		free(fresh);
	else if (old)
		move_watches(fresh, old);
	if (weak == fresh)
		lsh_weak_drop(old);
	return weak;
}

/* 0 if the object may be pointed to, 1 if nothing may point to it any more, or -EINVAL. */
static int admits(const struct leash__header *h)
{
	if (!lsh_type_of(h)->weakable)
		return -EINVAL;
	return (__atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & (LEASH__FINALIZED | LEASH__DEAD)) != 0;
}

int leash_weak_init(leash_weak *weak, const void *object)
{
	struct leash__header *h = leash__header_of(object);
	struct lsh_weak *shared;
	int answer;

	__atomic_store_n(weak, NULL, __ATOMIC_RELAXED);
	if (!object)
		return 0;
	lsh_harden_check(h, "leash_weak_init");
	answer = admits(h);
	if (answer)
		return answer < 0 ? answer : 0;
	shared = share(h, ONE_WEAK);
	if (!shared)
		return -ENOMEM;
	__atomic_store_n(weak, &shared->seen, __ATOMIC_RELEASE);
	return 0;
}

void leash_weak_copy(leash_weak *to, const leash_weak *from)
{
	struct lsh_weak *weak = weak_of(from);

	if (weak && is_dead(weak))
		weak = NULL;
	if (weak)
		__atomic_fetch_add(&weak->references, ONE_WEAK, __ATOMIC_RELAXED);
	__atomic_store_n(to, weak ? &weak->seen : NULL, __ATOMIC_RELEASE);
}

void leash_weak_clear(leash_weak *weak)
{
	give_up((struct lsh_weak *)__atomic_exchange_n(weak, NULL, __ATOMIC_ACQ_REL), ONE_WEAK);
}

/* Whether what is tagged has been condemned; a load rescues it if that is still open. */
static bool is_condemned(const struct lsh_weak *weak, bool rescue)
{
	struct lsh_weak *judge = __atomic_load_n(&weak->judge, __ATOMIC_ACQUIRE);
	uint32_t verdict = __atomic_load_n(&judge->verdict, __ATOMIC_ACQUIRE);

	if (verdict == LSH_UNDECIDED && rescue &&
	    __atomic_compare_exchange_n(&judge->verdict, &verdict, LSH_RESCUED, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE)) {
		LSH_POINT("weak: rescued");
		return false;
	}
	return verdict == LSH_CONDEMNED;
}

bool leash_weak_expired(const leash_weak *weak)
{
	struct lsh_record *record = lsh_begin();
	const struct lsh_weak *shared = weak_of(weak);
	struct leash__header *h = shared ? __atomic_load_n(&shared->seen.object, __ATOMIC_ACQUIRE) : NULL;
	bool expired;

	LSH_POINT("weak: pointer read");
	/* What is tagged may be condemned at any time, and its memory go then. */
	if ((uintptr_t)h & LSH_WEAK_TAG)
		expired = is_condemned(shared, false);
	else
		expired = !h || __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & (LEASH__DEAD | LEASH__FINALIZED);
	lsh_end(record);
	return expired;
}

size_t leash_weak_count(const void *object)
{
	struct lsh_record *record;
	const struct lsh_weak *weak;
	size_t count = 0;

	if (!object)
		return 0;
	lsh_harden_check(leash__header_of(object), "leash_weak_count");
	if (!lsh_type_of(leash__header_of(object))->weakable)
		return 0;
	record = lsh_begin();
	weak = lsh_weak_of(leash__header_of(object));
	if (weak && !is_dead(weak))
		count = (size_t)(__atomic_load_n(&weak->references, __ATOMIC_RELAXED) >> 32);
	lsh_end(record);
	return count;
}

void *leash__weak_load_slow(const struct leash__weak *seen)
{
	const struct lsh_weak *weak = (const struct lsh_weak *)seen;
	struct lsh_record *record;
	struct leash__header *h;

	/* It may have been nobody's guard, which is none. */
	leash__leave(leash__self);
	record = lsh_begin();
	h = __atomic_load_n(&seen->object, __ATOMIC_ACQUIRE);
	LSH_POINT("weak: pointer read");
	if ((uintptr_t)h & LSH_WEAK_TAG && is_condemned(weak, true))
		h = NULL;
	h = untagged(h);
	if (h && !lsh_try_retain(record, h, LEASH__DEAD | LEASH__FINALIZED))
		h = NULL;
	lsh_end(record);
	return h ? h + 1 : NULL;
}

void *leash_weak_load(const leash_weak *weak)
{
	return leash__weak_load(weak);
}

void lsh_weak_died(struct leash__header *h)
{
	struct lsh_weak *weak = lsh_weak_of(h);

	LSH_POINT("weak: dead");
	if (weak)
		__atomic_store_n(&weak->seen.object, NULL, __ATOMIC_RELEASE);
}

void lsh_weak_leave(struct leash__header *h)
{
	struct lsh_weak *weak = lsh_weak_of(h);

	if (!weak)
		return;
	__atomic_store_n(lsh_weak_word(h), NULL, __ATOMIC_RELAXED);
	lsh_weak_drop(weak);
}

void lsh_weak_clear_fields(struct leash__header *h)
{
	const leash_type *type = lsh_type_of(h)->type;
	size_t i, k;

	for (i = 0; i < type->field_count; i++) {
		leash_field field = type->fields[i];
		leash_weak *weak = (leash_weak *)((uintptr_t)(h + 1) + (uint32_t)field);

		if (field >> 56 != LEASH__FIELD_WEAK)
			continue;
		for (k = 0; k < (field >> 32 & 0xffffff); k++)
			leash_weak_clear(&weak[k]);
	}
}

leash_watch *leash_watch_add(const void *object, void (*fn)(void *arg), void *arg)
{
	struct leash__header *h = leash__header_of(object);
	leash_watch *watch;

	if (!object || !fn) {
		errno = EINVAL;
		return NULL;
	}
	lsh_harden_check(h, "leash_watch_add");
	if (admits(h)) {
		errno = EINVAL;
		return NULL;
	}
	watch = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*watch));
	if (watch)
		*watch = (leash_watch){ .fn = fn, .arg = arg, .weak = share(h, ONE_OTHER) };
	if (!watch || !watch->weak) {
		free(watch);
		errno = ENOMEM;
		return NULL;
	}
	lsh_lock(&lock);
	put_in(watch->weak, watch);
	LSH_POINT("watch: listed");
	lsh_unlock(&lock);
	return watch;
}

bool leash_watch_cancel(leash_watch *watch)
{
	bool in_time;

	if (!watch)
		return false;
	lsh_lock(&lock);
	in_time = take_out(watch);
	lsh_unlock(&lock);
	lsh_weak_drop(watch->weak);
	free(watch);
	return in_time;
}

bool lsh_watched(const struct leash__header *h)
{
	const struct lsh_weak *weak = lsh_weak_of(h);

	return weak && __atomic_load_n(&weak->watches, __ATOMIC_ACQUIRE);
}

/* Once a watch is out of the list its owner may free it. */
void lsh_watches_run(struct leash__header *h)
{
	struct lsh_weak *weak = lsh_weak_of(h);
	void (*fn)(void *arg);
	void *arg;

	while (weak) {
		leash_watch *watch;

		lsh_lock(&lock);
		watch = weak->watches;
		if (watch) {
			fn = watch->fn;
			arg = watch->arg;
			take_out(watch);
		}
		lsh_unlock(&lock);
		if (!watch)
			return;
		lsh_run_hook(fn, arg);
	}
}

void lsh_weak_lock(void)
{
	pthread_mutex_lock(&lock.mutex);
}

void lsh_weak_unlock(void)
{
	pthread_mutex_unlock(&lock.mutex);
}
