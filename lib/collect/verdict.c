/* Verdicts: whether a weak load or the collector was first.
 *
 * A load through a weak reference can bring back at any time what the collector takes for garbage.  Before
 * the first reading the collector tags the pointers of what it watches; a load that finds the tag moves the
 * verdict from undecided to rescued before it adds its reference.  A load that had found the pointer without a tag is over,
 * and its reference counted, when the op-grace before the first reading ends.  After the second reading the collector
 * moves each verdict from undecided to condemned, or finds that it was rescued.
 *
 * What a rescued object reaches must live with it, and its weak references with it, so one verdict is shared by what
 * is reached together: a piece is what a first object reaches and no earlier piece has.  From a piece only itself
 * and earlier ones are reached.  So the last is decided first: if it was rescued, or something in it has changed, all of it
 * that has weak references lives this round, with what that reaches; if this is part of an earlier piece, that is rescued by
 * the collector.  An object that gets its first weak reference after it was tagged, or not, is touched by that.
 *
 * The verdict stands in what the weak references of the piece's first object share, which is held until all is
 * decided, and freed after an op-grace only.
 */
#include "../points.h"
#include "../thread.h"
#include "../weak.h"
#include "verdict.h"

#define MARKED ((enum lsh_fate)100) /* for a moment */

struct tagged {
	uint32_t node;
	uint32_t first; /* of its piece, in this array */
	struct lsh_weak *weak;
};

static struct lsh_array array;
static uint32_t count;

static struct tagged *all(void)
{
	return array.data;
}

/* The node is the next of a piece. */
static bool tag(struct lsh_graph *graph, uint32_t node, uint32_t first)
{
	struct leash__header *h = lsh_nodes(graph)[node].h, *expected = h;
	struct lsh_record *record;
	struct lsh_weak *weak, *judge;

	if (!(__atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & LEASH__WEAK))
		return true;
	if (!lsh_array_reserve(&array, (count + 1) * sizeof(struct tagged)))
		return false;
	record = lsh_begin();
	weak = lsh_weak_hold(h);
	lsh_end(record);
	if (!weak)
		return true;
	judge = first == count ? weak : all()[first].weak;
	all()[count++] = (struct tagged){ node, first, weak };
	if (judge == weak)
		__atomic_store_n(&weak->verdict, LSH_UNDECIDED, __ATOMIC_RELEASE);
	__atomic_store_n(&weak->judge, judge, __ATOMIC_RELEASE);
	__atomic_compare_exchange_n(&weak->seen.object, &expected, (struct leash__header *)((uintptr_t)h | LSH_WEAK_TAG),
				    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	LSH_POINT("verdict: tagged");
	return true;
}

static bool make_piece(struct lsh_graph *graph, uint32_t start)
{
	const uint32_t *edges = lsh_edges(graph);
	uint32_t node, edge, first = count;
	bool done = true;

	lsh_graph_pile(graph, start, MARKED);
	while ((node = lsh_graph_unpile(graph)) != LSH_NONE) {
		done = done && tag(graph, node, first);
		for (edge = lsh_edges_begin(graph, node); edge < lsh_nodes(graph)[node].edges; edge++)
			if (lsh_nodes(graph)[edges[edge]].fate == LSH_GARBAGE)
				lsh_graph_pile(graph, edges[edge], MARKED);
	}
	return done;
}

static bool has_weak(const struct lsh_node *node)
{
	return __atomic_load_n(&node->h->shared, __ATOMIC_RELAXED) & LEASH__WEAK;
}

void lsh_verdicts_open(struct lsh_graph *graph)
{
	struct lsh_node *nodes = lsh_nodes(graph);
	bool done = true;
	uint32_t i;

	count = 0;
	for (i = 0; i < graph->node_count && done; i++)
		if (nodes[i].fate == LSH_GARBAGE && has_weak(&nodes[i]))
			done = make_piece(graph, i);
	for (i = 0; i < graph->node_count; i++)
		if (nodes[i].fate == (int32_t)MARKED)
			nodes[i].fate = LSH_GARBAGE;
	for (i = 0; i < graph->node_count && !done; i++)
		if (nodes[i].fate == LSH_GARBAGE && has_weak(&nodes[i]))
			lsh_graph_pile(graph, i, LSH_NOT_NOW);
	lsh_graph_spread(graph, LSH_NOT_NOW);
}

static bool is_garbage(const struct lsh_graph *graph, const struct tagged *tagged)
{
	return lsh_nodes(graph)[tagged->node].fate == LSH_GARBAGE;
}

/* The piece from `first` up to `end`. */
static void decide(struct lsh_graph *graph, uint32_t first, uint32_t end, bool rescue)
{
	uint32_t *verdict = &all()[first].weak->verdict, expected = LSH_UNDECIDED, i;

	for (i = first; i < end; i++)
		rescue |= !is_garbage(graph, &all()[i]);
	LSH_POINT("verdict: about to decide");
	if (__atomic_compare_exchange_n(verdict, &expected, rescue ? LSH_RESCUED : LSH_CONDEMNED, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) && !rescue)
		return;
	for (i = first; i < end; i++)
		if (is_garbage(graph, &all()[i]))
			lsh_graph_pile(graph, all()[i].node, LSH_NOT_NOW);
	lsh_graph_spread(graph, LSH_NOT_NOW);
}

/* The pointer is NULL for good, or what it was. */
static void untag(const struct lsh_graph *graph, const struct tagged *tagged)
{
	struct leash__header *h = lsh_nodes(graph)[tagged->node].h;
	struct leash__header *expected = (struct leash__header *)((uintptr_t)h | LSH_WEAK_TAG);

	__atomic_compare_exchange_n(&tagged->weak->seen.object, &expected, is_garbage(graph, tagged) ? NULL : h, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void lsh_verdicts_close(struct lsh_graph *graph, bool rescue)
{
	uint32_t i, end = count;

	while (end) {
		uint32_t first = all()[end - 1].first;

		decide(graph, first, end, rescue);
		end = first;
	}
	LSH_POINT("verdict: decided");
	for (i = 0; i < count; i++)
		untag(graph, &all()[i]);
	for (i = 0; i < count; i++)
		lsh_weak_drop(all()[i].weak);
	count = 0;
}

void lsh_verdicts_free(void)
{
	lsh_array_free(&array);
}
