/* Groups: garbage whose hooks run before it is decided anew, and garbage without hooks that waits for readers only. */
#include <stdlib.h>

#include <leash/object.h>

#include "count.h"
#include "death.h"
#include "fault.h"
#include "groups.h"
#include "points.h"
#include "readers.h"
#include "thread.h"
#include "type.h"
#include "weak.h"

struct lsh_group *lsh_group_new(size_t count)
{
	struct lsh_group *group = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*group) + count * sizeof(*group->members));

	if (group)
		*group = (struct lsh_group){ .next = NULL };
	return group;
}

/* What readers still look at when the group comes here they do not see much longer, for garbage is found by nobody.  It is as
 * if it had never been published, unless a hook brings it back, or the slot that leads to it: only a group without hooks forgets.
 * (Readers may not load what slots of garbage lead to: slot.h.)  False if there is no waiting for them. */
static bool wait_for_group(struct lsh_group *group)
{
	size_t i;

	if (!group->waits)
		return true;
	if (!lsh_await_readers())
		return false;
	for (i = 0; i < group->count; i++)
		__atomic_fetch_and(&group->members[i]->shared, ~LEASH__PUBLISHED, __ATOMIC_RELAXED);
	return true;
}

static void run_hooks_in_cycle(struct leash__header *h)
{
	const leash_type *type = lsh_type_of(h)->type;
	uint64_t old;

	if (!type->close && !type->finalize)
		return;
	old = __atomic_fetch_or(&h->shared, LEASH__FINALIZED | LEASH__CLOSED, __ATOMIC_ACQ_REL);
	/* Hooks that ran before may have made new weak references to it. */
	if (old & LEASH__WEAK) {
		lsh_op_grace();
		lsh_weak_died(h);
	}
	if (type->close && !(old & LEASH__CLOSED))
		lsh_run_hook(type->close, h + 1);
	if (type->finalize && !(old & LEASH__FINALIZED))
		lsh_run_hook(type->finalize, h + 1);
}

void lsh_group_drop(struct lsh_group *group)
{
	while (group->dropped < group->count) {
		struct leash__header *h = group->members[group->dropped];

		__atomic_store_n(&group->dropped, group->dropped + 1, __ATOMIC_RELEASE);
		lsh_drop(h, false);
	}
}

/* All hooks first: each finds the whole group intact. */
void lsh_group_run(struct lsh_group *group)
{
	size_t i;

	if (!wait_for_group(group))
		return;
	for (i = 0; i < group->count; i++)
		lsh_watches_run(group->members[i]);
	for (i = 0; i < group->count; i++)
		run_hooks_in_cycle(group->members[i]);
	LSH_POINT("finalizers: group done");
	lsh_group_drop(group);
}
