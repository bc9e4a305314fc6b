/* Death.
 *
 * The order, for one object, from the moment its count is 0:
 *
 *      dead (set by the step that made the count 0); weak references are NULL
 *      if it was ever in a slot: the finalizer thread waits until no reader looks at it
 *      watches                                                               users' code
 *      close, if it was never closed; finalize, if it was never finalized    users' code
 *      strong fields emptied and released
 *      weak references in its fields cleared
 *      destroy                                                              users' code
 *      memory
 *
 * While close and finalize run, the object is an ordinary live one to which the library holds one
 * reference: one read-modify-write sets the count to 1 and turns DEAD into FINALIZED.  When the reference is
 * dropped and others have come to exist, the object lives on (it was resurrected); its next death has no
 * close and no finalize.
 *
 * Nothing recurses.  A thread that is burying and meets more dead (released by fields, or by users' code) puts
 * them on its list, linked through their headers, and goes on with it afterwards: last in, first out,
 * so that a list of ten million nodes needs one entry and a tree its depth times its width.
 *
 * Where hooks run.  A release that sees the last reference go is *prompt*: its hooks, and those of all that
 * dies with it, run on the releasing thread, before the release returns.  All other deaths (a flush,
 * an eviction, a take-over, a fold) come upon a thread in the middle of something unrelated, perhaps
 * holding the very lock a finalizer wants: objects with hooks then go to the finalizer thread.  The
 * list has one end for each, since a prompt death's hook may cause deferred ones.
 */
#include <leash/leash.h>
#undef leash_retain
#undef leash_release

#include "census.h"
#include "collect/collector.h"
#include "count.h"
#include "death.h"
#include "fault.h"
#include "finalizers.h"
#include "harden.h"
#include "heap.h"
#include "points.h"
#include "thread.h"
#include "weak.h"

static __thread struct lsh_grave *grave; /* what this thread is burying */
static __thread unsigned hook_depth;

bool lsh_in_hook(void)
{
	return hook_depth != 0;
}

void lsh_hook_begin(void)
{
	hook_depth++;
}

void lsh_hook_end(void)
{
	hook_depth--;
}

void lsh_run_hook(void (*fn)(void *), void *arg)
{
	lsh_hook_begin();
	fn(arg);
	lsh_hook_end();
}

/* close and finalize, on an object that is alive again.  Returns with DEAD clear. */
static void revive(struct leash__header *h, uint64_t old)
{
	uint64_t new;

	/* They were a link. */
	__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&h->log, lsh_type_of(h)->log, __ATOMIC_RELAXED);
	do
		new = (lsh_with_count(old, 1) | LEASH__FINALIZED | LEASH__CLOSED | LEASH__TOUCHED) &
		      ~LEASH__DEAD;
	while (!__atomic_compare_exchange_n(&h->shared, &old, new, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_RELAXED));
}

static void count_finalized(void)
{
	struct lsh_record *record = lsh_begin();

	LSH_COUNT(record, finalized);
	lsh_end(record);
}

static void run_last_hooks(struct leash__header *h, const leash_type *type, uint64_t old)
{
	void *object = h + 1;

	revive(h, old);
	count_finalized();
	LSH_POINT("death: revived");
	if (type->close && !(old & LEASH__CLOSED))
		lsh_run_hook(type->close, object);
	if (type->finalize)
		lsh_run_hook(type->finalize, object);
}

static void release_field(void *field, void *arg)
{
	leash__ref *ref = field;
	void *object = __atomic_load_n(ref, __ATOMIC_RELAXED);

	if (!object)
		return;
	lsh_harden_check(leash__header_of(object), "release of a field");
	lsh_drop_from(ref, leash__header_of(object), *(bool *)arg);
}

static void free_memory(struct leash__header *h)
{
	struct lsh_record *record;
	struct leash__header *rest;

	lsh_weak_leave(h);
	lsh_census_remove(h);
	record = lsh_begin();
	rest = lsh_free_in_guard(record, h);
	lsh_end(record);
	lsh_free_after(record, rest);
	if (__builtin_expect(lsh_husk_bytes() > LSH_HUSK_BYTES_MAX, 0))
		lsh_collector_poke();
}

/* For the child of a fork, which may find the thread between any two steps. */
static void set_stage(struct lsh_grave *here, enum lsh_grave_stage stage)
{
	__atomic_store_n(&here->stage, stage, __ATOMIC_RELEASE);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void bury_one(struct lsh_grave *here, struct leash__header *h, bool prompt)
{
	const struct lsh_type *entry = lsh_type_of(h);
	const leash_type *type = entry->type;
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	__atomic_store_n(&here->current, h, __ATOMIC_RELAXED);
	if (shared & LEASH__WEAK) {
		set_stage(here, LSH_GRAVE_HOOKS);
		lsh_watches_run(h);
		set_stage(here, LSH_GRAVE_NONE);
	}
	if (entry->hooks && !(shared & LEASH__FINALIZED) &&
	    (type->finalize || (type->close && !(shared & LEASH__CLOSED)))) {
		set_stage(here, LSH_GRAVE_HOOKS);
		run_last_hooks(h, type, shared);
		set_stage(here, LSH_GRAVE_NONE);
		/* If that was the last reference, the object comes back here, finalized. */
		lsh_drop(h, prompt);
		return;
	}
	set_stage(here, LSH_GRAVE_FIELDS);
	if (entry->references)
		lsh_type_visit(h, release_field, &prompt);
	if (entry->weak_fields)
		lsh_weak_clear_fields(h);
	set_stage(here, LSH_GRAVE_DESTROY);
	if (type->destroy)
		lsh_run_hook(type->destroy, h + 1);
	set_stage(here, LSH_GRAVE_NONE);
	LSH_POINT("death: before the memory goes");
	free_memory(h);
}

void lsh_bury_in(struct lsh_grave *here)
{
	struct lsh_grave *outer = grave;

	grave = here;
	for (;;) {
		bool prompt = here->waiting[1] != NULL;
		struct leash__header *h = here->waiting[prompt];

		if (!h)
			break;
		here->waiting[prompt] = lsh_link(h);
		bury_one(here, h, prompt);
	}
	grave = outer;
}

void lsh_bury(struct leash__header *h, bool prompt)
{
	struct lsh_grave own = { .current = NULL }, *here = grave ? grave : &own;
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);
	bool watched = false;

	if (shared & LEASH__WEAK) {
		lsh_weak_died(h);
		watched = lsh_watched(h);
	}
	if (shared & LEASH__PUBLISHED) {
		if (shared & LEASH__WEAK || !lsh_type_of(h)->simple || !lsh_shown_bury(h))
			lsh_finalizers_push_published(h);
		return;
	}
	if (!prompt && (lsh_type_of(h)->hooks || watched)) {
		lsh_finalizers_push(h);
		return;
	}
	if (lsh_type_of(h)->simple && !watched) {
		free_memory(h);
		return;
	}
	lsh_set_link(h, here->waiting[prompt]);
	here->waiting[prompt] = h;
	if (here == &own)
		lsh_bury_in(here);
}

void lsh_bury_empty(struct leash__header *h, struct lsh_batch *batch)
{
	if (lsh_type_of(h)->hooks) {
		lsh_finalizers_push(h);
		return;
	}
	if (lsh_type_of(h)->weak_fields)
		lsh_weak_clear_fields(h);
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__WEAK)
		lsh_weak_leave(h);
	lsh_census_remove(h);
	lsh_batch_add(batch, h);
}

void leash_close(void *object)
{
	struct leash__header *h = leash__header_of(object);
	const leash_type *type;
	uint64_t old;

	if (!object)
		return;
	lsh_harden_check(h, "leash_close");
	type = lsh_type_of(h)->type;
	if (!type->close)
		return;
	old = __atomic_fetch_or(&h->shared, LEASH__CLOSED, __ATOMIC_ACQ_REL);
	if (old & LEASH__DEAD)
		lsh_fault(h, "closed after its death");
	if (!(old & LEASH__CLOSED))
		lsh_run_hook(type->close, object);
}
