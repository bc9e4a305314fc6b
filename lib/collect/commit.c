/* What becomes of garbage.
 *
 * The graph holds what the first reading found to be garbage, and its words.  Here is the second reading; what fails
 * it is alive this round, and so is all that it reaches.  Of the others
 *
 *      held      hooks have not run: each of these gets a reference of ours, and goes to the finalizer thread, in a group
 *                with what it reaches of its kind.  When the group's hooks have run the references are dropped, which makes
 *                suspects of its members; the next round decides anew
 *      behind    what the held ones reach: the hooks find it whole
 *      waiting   in a group, too, which has no hooks: readers may be looking at it (slot.c), for whom the finalizer thread
 *                waits.  Only what no held one reaches: that may be brought back, slots and all, and new readers find it
 *      saved     kept for leash_gc_garbage(), by a reference that its caller will get
 *      the rest  is severed
 *
 * No one is left to look at a severed object or to count it; so it is marked dead by plain stores, and its count
 * is not taken down reference by reference.  References from one severed object to another are forgotten; those that leave
 * the garbage are released as by any death (death.c), once all are dead.
 *
 * Memory of the severed is kept until the round ends, as that of all who die meanwhile.
 */
#include <stdlib.h>

#include <leash/field.h>

#include "../count.h"
#include "../death.h"
#include "../finalizers.h"
#include "../groups.h"
#include "../heap.h"
#include "../points.h"
#include "../probes.h"
#include "../see/advice.h"
#include "../thread.h"
#include "../weak.h"
#include "round.h"
#include "verdict.h"

#define AHEAD 8

struct lsh_list lsh_saved;

static bool is_garbage(uint32_t node)
{
	return lsh_nodes(&lsh_round_graph)[node].fate == LSH_GARBAGE;
}

static bool has_changed(const struct lsh_node *node)
{
	uint64_t shared = __atomic_load_n(&node->h->shared, __ATOMIC_ACQUIRE);
	uint32_t local = __atomic_load_n(&node->h->local, __ATOMIC_ACQUIRE);

	/* PENDING: a fold, which touches only when it is done, may have it in hand, and the queue a reference. */
	return shared & (LEASH__DEAD | LEASH__TOUCHED | LEASH__PENDING | LEASH__IMMORTAL) ||
	       lsh_shared_count(shared) != lsh_shared_count(node->shared) ||
	       (shared ^ node->shared) & LEASH__MERGED || local & LEASH__LOCAL_TOUCHED ||
	       (local ^ node->local) & ~LEASH__LOCAL_TOUCHED;
}

/* Readers may be looking at it. */
static bool is_published(const struct leash__header *h)
{
	return __atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__PUBLISHED;
}

/* Or watches. */
static bool has_hooks(const struct leash__header *h)
{
	const struct lsh_type *entry = lsh_type_of(h);
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	if (shared & LEASH__WEAK && lsh_watched(h))
		return true;
	return entry->hooks && ((entry->type->finalize && !(shared & LEASH__FINALIZED)) ||
				(entry->type->close && !(shared & LEASH__CLOSED)));
}

/* True if the finalizer thread is wanted. */
static bool read_again(struct lsh_graph *graph)
{
	bool hooks = false;
	uint32_t i;

	for (i = 0; i < graph->node_count; i++) {
		if (!is_garbage(i))
			continue;
		LSH_POINT("collect: read one again");
		if (has_changed(&lsh_nodes(graph)[i]))
			lsh_graph_pile(graph, i, LSH_NOT_NOW);
		else
			hooks |= has_hooks(lsh_nodes(graph)[i].h) || is_published(lsh_nodes(graph)[i].h);
	}
	lsh_graph_spread(graph, LSH_NOT_NOW);
	return hooks;
}

static void hold(struct leash__header *h)
{
	__atomic_fetch_add(&h->shared, LEASH__ONE, __ATOMIC_ACQ_REL);
	__atomic_fetch_or(&h->shared, LEASH__TOUCHED, __ATOMIC_RELAXED);
}

/* What the node reaches of garbage stays whole; those among it, the node too, that are `wanted` are held.  Returns
 * them as a list, and their number. */
static uint32_t reach(struct lsh_graph *graph, uint32_t start, bool (*wanted)(const struct leash__header *h),
		      size_t *number)
{
	struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t held = LSH_NONE, node, edge;

	*number = 0;
	lsh_graph_pile(graph, start, LSH_BEHIND);
	while ((node = lsh_graph_unpile(graph)) != LSH_NONE) {
		__atomic_fetch_or(&nodes[node].h->shared, LEASH__TRIED, __ATOMIC_RELAXED);
		if (wanted(nodes[node].h)) {
			nodes[node].fate = LSH_HELD;
			nodes[node].next = held;
			held = node;
			++*number;
		}
		for (edge = lsh_edges_begin(graph, node); edge < nodes[node].edges; edge++)
			if (is_garbage(lsh_edges(graph)[edge]))
				lsh_graph_pile(graph, lsh_edges(graph)[edge], LSH_BEHIND);
	}
	return held;
}

/* Without memory for the group they are left for another round. */
static void hold_from(struct lsh_round *round, uint32_t start, bool (*wanted)(const struct leash__header *h))
{
	struct lsh_node *nodes = lsh_nodes(&lsh_round_graph);
	size_t number;
	uint32_t node = reach(&lsh_round_graph, start, wanted, &number);
	struct lsh_group *group = lsh_group_new(number);

	if (!group)
		return;
	for (; node != LSH_NONE; node = nodes[node].next) {
		hold(nodes[node].h);
		group->members[group->count++] = nodes[node].h;
	}
	group->waits = wanted == is_published;
	round->groups++;
	round->waits += group->waits;
	lsh_finalizers_push_group(group);
}

static void save(struct lsh_round *round, uint32_t i)
{
	struct lsh_node *node = &lsh_nodes(&lsh_round_graph)[i];

	if (!lsh_spares_reserve(&round->spares, LSH_SPARES)) {
		node->fate = LSH_NOT_NOW;
		return;
	}
	node->fate = LSH_SAVED;
	hold(node->h);
	lsh_list_push(&lsh_saved, node->h, &round->spares);
	round->saved++;
}

/* Nobody counts the object, nor will again.  What knows of it besides is the log, if any. */
static void kill(struct leash__header *h, uint64_t logged)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	__atomic_store_n(&h->shared,
			 (lsh_with_count(old, 0) & ~logged) | LEASH__MERGED | LEASH__DEAD | LEASH__SEVERED,
			 __ATOMIC_RELEASE);
	lsh_set_half(h, (union lsh_half){ .owner = LEASH__NOBODY });
}

void lsh_commit(struct lsh_round *round)
{
	struct lsh_graph *graph = &lsh_round_graph;
	struct lsh_record *record;
	uint64_t killed = 0;
	uint32_t i;
	bool hooks;

	hooks = read_again(graph);
	lsh_verdicts_close(graph, round->save);
	for (i = 0; i < graph->node_count && (hooks || round->save); i++) {
		if (is_garbage(i) && round->save)
			save(round, i);
		else if (is_garbage(i) && has_hooks(lsh_nodes(graph)[i].h))
			hold_from(round, i, has_hooks);
	}
	for (i = 0; i < graph->node_count && hooks; i++)
		if (is_garbage(i) && is_published(lsh_nodes(graph)[i].h))
			hold_from(round, i, is_published);
	LSH_POINT("collect: decided");
	for (i = 0; i < graph->node_count; i++) {
		if (!is_garbage(i))
			continue;
		LSH_PROBE_DEATH(lsh_nodes(graph)[i].h, "collected");
		/* The entry of a suspect is ours, unless another was made since it was cleared. */
		kill(lsh_nodes(graph)[i].h, i < round->suspects && !round->cleared ? LEASH__LOGGED : 0);
		killed++;
	}
	round->killed = killed;
	round->collected += killed;
	record = lsh_begin();
	LSH_COUNT_N(record, deaths_collected, killed);
	lsh_end(record);
}

/* A field of a severed object: what it refers to is severed with it, or loses a reference. */
static inline void forget(void *field, void *arg)
{
	struct lsh_round *round = arg;
	leash__ref *ref = field;
	void *object = __atomic_load_n(ref, __ATOMIC_RELAXED);

	if (!object)
		return;
	if (lsh_is_severed(leash__header_of(object))) {
		__atomic_store_n(ref, NULL, __ATOMIC_RELAXED);
		return;
	}
	if (round->exact && lsh_graph_had(&lsh_round_graph, leash__header_of(object)) &&
	    lsh_spares_reserve(&round->spares, LSH_SPARES)) {
		__atomic_store_n(ref, NULL, __ATOMIC_RELEASE);
		lsh_list_push(&round->owed, leash__header_of(object), &round->spares);
		return;
	}
	lsh_drop_from(ref, leash__header_of(object), false);
}

void lsh_commit_end(struct lsh_round *round)
{
	const struct lsh_graph *graph = &lsh_round_graph;
	const struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t i;

	lsh_advice_look(graph, round->killed);
	for (i = 0; i < graph->node_count; i++) {
		if (i + AHEAD < graph->node_count)
			__builtin_prefetch(nodes[i + AHEAD].h, 1);
		if (!is_garbage(i))
			continue;
		lsh_type_visit_inline(nodes[i].h, forget, round);
		lsh_bury_empty(nodes[i].h, &round->dead);
	}
	LSH_POINT("collect: severed");
}
