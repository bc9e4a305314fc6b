/* What the program asks of, and tells, the collector about single objects: tracked, finalized, frozen, kept. */
#include <errno.h>
#include <urcu-bp.h>

#include <leash/leash.h>

#include "../background.h"
#include "../death.h"
#include "../harden.h"
#include "../heap.h"
#include "../thread.h"
#include "round.h"

bool leash_gc_is_tracked(const void *object)
{
	const struct leash__header *h = leash__header_of(object);

	if (!object)
		return false;
	lsh_harden_check(leash__header_of(object), "leash_gc_is_tracked");
	return lsh_type_of(h)->cyclic && !(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__IMMORTAL);
}

bool leash_gc_is_finalized(const void *object)
{
	if (!object)
		return false;
	lsh_harden_check(leash__header_of(object), "leash_gc_is_finalized");
	return lsh_type_of(leash__header_of(object))->type->finalize &&
	       __atomic_load_n(&leash__header_of(object)->shared, __ATOMIC_ACQUIRE) & LEASH__FINALIZED;
}

size_t leash_gc_garbage(void **objects, size_t number)
{
	struct lsh_spares spares = { NULL };
	size_t i, left;

	lsh_lock(&lsh_round_lock);
	for (i = 0; i < number && objects && lsh_saved.count; i++)
		objects[i] = lsh_list_pop(&lsh_saved, &spares) + 1;
	lsh_spares_free(&spares);
	left = lsh_saved.count;
	lsh_round_unlock();
	return left;
}

int leash_gc_freeze(void)
{
	struct lsh_round round = { .generation = LEASH_GENERATIONS - 1, .freeze = true };

	if (lsh_in_hook())
		return 0;
	if (rcu_read_ongoing())
		return -EDEADLK;
	lsh_lock(&lsh_round_lock);
	lsh_round_run(&round);
	lsh_round_unlock();
	return round.given_up ? -ENOMEM : 0;
}

void leash_gc_unfreeze(void)
{
	lsh_lock(&lsh_round_lock);
	lsh_round_thaw();
	lsh_round_unlock();
}

size_t leash_gc_frozen_count(void)
{
	size_t count;

	lsh_lock(&lsh_round_lock);
	lsh_list_scrub(&lsh_frozen);
	lsh_kept_free();
	count = lsh_frozen.count;
	lsh_round_unlock();
	return count;
}
