/* What becomes of garbage.
 *
 * The second graph holds the candidates, their words as the first reading found them, and the decision on that; the
 * second reading is made here, component by component, sources before targets:
 *
 *      failed    a member was touched, counted, or is dead: alive this round, and so is all it refers to
 *      held      garbage, with hooks that have not run: each member gets a reference of ours, and the group goes to
 *                the finalizer thread.  When all hooks have run it drops the references, which makes
 *                suspects of the members; the next round decides anew.  What the group refers to stays whole until then
 *      saved     garbage that is kept for leash_gc_garbage(), by a reference that its caller will get
 *      severed   garbage
 *
 * No one is left to look at a severed object or to count it; so it is marked dead by one step and its count is
 * not taken down reference by reference.  References from one severed object to another are forgotten; those that leave
 * the garbage are released as by any death (death.c), once all members are dead.
 *
 * Memory of the severed is kept until the round ends, as that of all who die meanwhile.
 */
#include <stdlib.h>

#include <leash/field.h>

#include "../count.h"
#include "../death.h"
#include "../finalizers.h"
#include "../heap.h"
#include "../points.h"
#include "../thread.h"
#include "round.h"

/* In place of the number of references from outside. */
#define SEVERED INT64_C(0)
#define FAILED  INT64_C(-1)
#define BEHIND  INT64_C(-2) /* a group refers to it */
#define HELD    INT64_C(-3)
#define SAVED   INT64_C(-4)

struct lsh_list lsh_saved;

/* The members of the component after the next. */
static void fetch(const struct lsh_graph *graph, uint32_t id)
{
	if (id >= 4)
		__builtin_prefetch(lsh_nodes(graph)[lsh_components(graph)[id - 4].first].h, 1);
}

#define FOR_MEMBERS(graph, id, node)                                           \
	for ((node) = lsh_components(graph)[id].first; (node) != LSH_NONE;     \
	     (node) = lsh_nodes(graph)[node].next)

static bool has_changed(const struct lsh_node *node)
{
	uint64_t shared = __atomic_load_n(&node->h->shared, __ATOMIC_ACQUIRE);
	uint32_t local = __atomic_load_n(&node->h->local, __ATOMIC_ACQUIRE);

	/* PENDING: a fold, which touches only when it is done, may have it in hand, and the queue a reference. */
	return shared & (LEASH__DEAD | LEASH__TOUCHED | LEASH__PENDING | LEASH__IMMORTAL) ||
	       lsh_shared_count(shared) != lsh_shared_count(node->shared) ||
	       (shared ^ node->shared) & LEASH__MERGED || local & LEASH__LOCAL_TOUCHED || local != node->local;
}

static bool passes(const struct lsh_graph *graph, uint32_t id)
{
	uint32_t node;

	FOR_MEMBERS (graph, id, node) {
		LSH_POINT("collect: read one again");
		if (has_changed(&lsh_nodes(graph)[node]))
			return false;
	}
	return true;
}

static bool has_hooks(const struct leash__header *h)
{
	const leash_type *type = lsh_type_of(h)->type;
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	return (type->finalize && !(shared & LEASH__FINALIZED)) || (type->close && !(shared & LEASH__CLOSED));
}

static bool any_hooks(const struct lsh_graph *graph, uint32_t id)
{
	uint32_t node;

	FOR_MEMBERS (graph, id, node)
		if (has_hooks(lsh_nodes(graph)[node].h))
			return true;
	return false;
}

/* What a component's fate means for those it refers to. */
static void pass_on(struct lsh_graph *graph, uint32_t id, int64_t fate)
{
	const struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t node, edge;

	FOR_MEMBERS (graph, id, node) {
		for (edge = lsh_edges_begin(graph, node); edge < nodes[node].edges; edge++) {
			struct lsh_component *target =
				&lsh_components(graph)[nodes[lsh_edges(graph)[edge]].component];

			if (target == &lsh_components(graph)[id] || target->external > 0)
				continue;
			if (fate == FAILED || target->external == SEVERED)
				target->external = fate;
		}
	}
}

static void hold(struct leash__header *h)
{
	__atomic_fetch_add(&h->shared, LEASH__ONE, __ATOMIC_ACQ_REL);
	__atomic_fetch_or(&h->shared, LEASH__TOUCHED, __ATOMIC_RELAXED);
}

static bool make_group(struct lsh_round *round, uint32_t id)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	struct lsh_group *group = lsh_group_new(lsh_components(graph)[id].size);
	uint32_t node;

	if (!group)
		return false;
	FOR_MEMBERS (graph, id, node) {
		hold(lsh_nodes(graph)[node].h);
		__atomic_fetch_or(&lsh_nodes(graph)[node].h->shared, LEASH__TRIED, __ATOMIC_RELAXED);
		group->members[group->count++] = lsh_nodes(graph)[node].h;
	}
	lsh_finalizers_push_group(group);
	round->groups++;
	return true;
}

static bool save(struct lsh_round *round, uint32_t id)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	uint32_t node;

	if (!lsh_spares_reserve(&round->spares, lsh_components(graph)[id].size / LSH_CHUNK + 2))
		return false;
	FOR_MEMBERS (graph, id, node) {
		hold(lsh_nodes(graph)[node].h);
		lsh_list_push(&lsh_saved, lsh_nodes(graph)[node].h, &round->spares);
		round->saved++;
	}
	return true;
}

/* Nobody counts the object, nor will again. */
static void kill(struct leash__header *h)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&h->shared, &old,
					    lsh_with_count(old, 0) | LEASH__MERGED | LEASH__DEAD |
						    LEASH__SEVERED,
					    false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	__atomic_store_n(&h->local, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&h->owner, LEASH__NOBODY, __ATOMIC_RELAXED);
}

/* A field of a severed object: what it refers to is severed with it, or loses a reference. */
static void forget(void *field, void *arg)
{
	leash__ref *ref = field;
	void *object = __atomic_load_n(ref, __ATOMIC_RELAXED);

	(void)arg;
	if (!object)
		return;
	if (__atomic_load_n(&leash__header_of(object)->shared, __ATOMIC_RELAXED) & LEASH__SEVERED)
		__atomic_store_n(ref, NULL, __ATOMIC_RELAXED);
	else
		lsh_drop_from(ref, leash__header_of(object), false);
}

static void decide(struct lsh_round *round, uint32_t id)
{
	struct lsh_graph *graph = &lsh_round_graph;
	struct lsh_component *component = &lsh_components(graph)[id];

	if (component->external > 0 || component->external < HELD)
		return;
	if (component->external != FAILED && !passes(graph, id))
		component->external = FAILED;
	else if (component->external != FAILED && round->save)
		component->external = save(round, id) ? SAVED : FAILED;
	else if (component->external != FAILED && any_hooks(graph, id))
		component->external = make_group(round, id) ? HELD : FAILED;
	if (component->external == FAILED)
		pass_on(graph, id, FAILED);
	else if (component->external == HELD || component->external == BEHIND)
		pass_on(graph, id, BEHIND);
}

void lsh_commit(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	struct lsh_record *record;
	uint32_t i, node;

	/* A sum below 0 does not fit together. */
	for (i = 0; i < graph->component_count; i++)
		if (lsh_components(graph)[i].external < 0)
			lsh_components(graph)[i].external = FAILED;
	for (i = graph->component_count; i-- > 0;) {
		fetch(graph, i);
		decide(round, i);
	}
	LSH_POINT("collect: decided");
	for (i = graph->component_count; i-- > 0;) {
		fetch(graph, i);
		if (lsh_components(graph)[i].external != SEVERED)
			continue;
		FOR_MEMBERS (graph, i, node)
			kill(lsh_nodes(graph)[node].h);
		round->collected += lsh_components(graph)[i].size;
	}
	record = lsh_begin();
	LSH_COUNT_N(record, deaths_collected, round->collected);
	lsh_end(record);
}

void lsh_commit_end(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	struct lsh_batch batch = { .first = NULL };
	uint32_t i, node;

	(void)round;
	/* All fields before the first burial: afterwards the finalizer thread may be at work on them. */
	for (i = graph->component_count; i-- > 0;) {
		fetch(graph, i);
		if (lsh_components(graph)[i].external == SEVERED)
			FOR_MEMBERS (graph, i, node)
				lsh_type_visit(lsh_nodes(graph)[node].h, forget, NULL);
	}
	LSH_POINT("collect: severed");
	for (i = graph->component_count; i-- > 0;) {
		fetch(graph, i);
		if (lsh_components(graph)[i].external == SEVERED)
			FOR_MEMBERS (graph, i, node)
				lsh_bury_empty(lsh_nodes(graph)[node].h, &batch);
	}
	lsh_batch_free(&batch);
}
