/* The snapshot, and the decision on it.
 *
 * Purpose.  To decide whether objects are garbage, the collector needs their counts and fields.  It reads them, beside
 * running threads, into arrays of its own and decides there: nothing is written into any object, so live
 * ones stay clean in every cache, and shared with forked children.
 *
 * What is read need not fit together: threads count and change fields meanwhile.  round.c makes up for
 * that by reading the garbage again, and comparing.
 *
 * Structure.  Nodes in the order in which they were found, which serves as the queue of the walk; edges of
 * one node after the other; and the way from addresses to nodes (places.c).  A round makes several graphs, one after
 * the other, each small enough to stay in the processor's cache if the objects do not hang together.  What one has
 * seen the next ones leave alone: its place holds a number that is not above `settled`.
 *
 * Whether an object is entered at all is decided from its header, read when it is found.  The caller
 * keeps the memory of objects that die, so the header of whatever a field refers to is one: of a live
 * object or of a dead one.
 *
 * Decision.  As CPython's: from each object's count the references are taken off that were found in fields of the
 * graph.  What has some left is held from outside, and is live with all that it reaches; what has less than none was
 * changed meanwhile, and is left for another round with all that it reaches.  The rest is garbage: it is what refers to
 * it.  That stays true of what remains when a part is taken away with all that the part reaches, for then nothing of
 * the part refers to what remains.  So garbage may fail later, object by object.  (Strongly connected components, which are
 * usual here, come out the same: a member reaches all others.)
 *
 * 32 bytes a node, 4 an edge, 4 for each 32 of a page of the heap.
 */
#include <string.h>
#include <urcu-bp.h>

#include <leash/field.h>

#include "../count.h"
#include "../heap.h"
#include "../points.h"
#include "../revoke.h"
#include "../track.h"
#include "../type.h"
#include "graph.h"

#define MAX_SEEN  (UINT32_C(1) << 30) /* objects a round, and edges a graph */
#define OPEN      UINT32_MAX          /* in a place: could not be decided */
#define ASK_EVERY 4096
#define KEPT_MAX  (UINT32_C(1) << 28) /* bytes of the dead */
#define AHEAD     8

static bool is_outside(const struct lsh_graph *graph, const struct leash__header *h, uint64_t shared)
{
	if (graph->whole)
		return shared & LEASH__DEAD;
	return shared & (LEASH__DEAD | LEASH__IMMORTAL) ||
	       (shared & LEASH__AGE) >> LEASH__AGE_SHIFT > graph->age || !lsh_type_of(h)->cyclic;
}

/* The node of an object that has one. */
static bool find(const struct lsh_graph *graph, const uint32_t *place, uint32_t *node)
{
	if (!place || *place <= graph->settled || *place == OPEN)
		return false;
	*node = *place - graph->settled - 1;
	return true;
}

static enum lsh_added add(struct lsh_graph *graph, struct leash__header *h, uint32_t *node)
{
	uint32_t *place = lsh_place(&graph->places, h);

	if (find(graph, place, node))
		return LSH_ADDED;
	if (place && *place)
		return *place == OPEN ? LSH_OPEN : LSH_SETTLED;
	if (graph->failed || is_outside(graph, h, __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE)))
		return LSH_OUTSIDE;
	place = lsh_place_make(&graph->places, h);
	if (!place || graph->settled + graph->node_count >= MAX_SEEN ||
	    !lsh_array_reserve(&graph->nodes_, (graph->node_count + 1) * sizeof(struct lsh_node))) {
		graph->failed = true;
		return LSH_OUTSIDE;
	}
	*node = graph->node_count++;
	lsh_nodes(graph)[*node] = (struct lsh_node){ .h = h };
	*place = graph->settled + graph->node_count;
	return LSH_ADDED;
}

enum lsh_added lsh_graph_add(struct lsh_graph *graph, struct leash__header *h)
{
	uint32_t node;

	return add(graph, h, &node);
}

enum lsh_added lsh_graph_add_owed(struct lsh_graph *graph, struct leash__header *h)
{
	uint32_t node;
	enum lsh_added added = add(graph, h, &node);

	if (added == LSH_ADDED)
		lsh_nodes(graph)[node].fate--;
	return added;
}

uint32_t lsh_graph_find(struct lsh_graph *graph, const struct leash__header *h)
{
	uint32_t node;

	return find(graph, lsh_place(&graph->places, h), &node) ? node : LSH_NONE;
}

bool lsh_graph_had(struct lsh_graph *graph, const struct leash__header *h)
{
	const uint32_t *place = lsh_place(&graph->places, h);

	return place && *place && (*place <= graph->settled || *place == OPEN);
}

/* Headers of objects are cold, and the order in which they will be wanted is known. */
static void fetch(const struct lsh_graph *graph, uint32_t node)
{
	if (node + AHEAD < graph->node_count)
		__builtin_prefetch(lsh_nodes(graph)[node + AHEAD].h, 1);
}

static inline void follow(void *field, void *arg)
{
	struct lsh_graph *graph = arg;
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);
	uint32_t node;

	if (!object)
		return;
	LSH_POINT("collect: read a field");
	if (add(graph, leash__header_of(object), &node) != LSH_ADDED)
		return;
	if (graph->edge_count == MAX_SEEN ||
	    !lsh_array_reserve(&graph->edges_, (graph->edge_count + 1) * sizeof(uint32_t))) {
		graph->failed = true;
		return;
	}
	lsh_edges(graph)[graph->edge_count++] = node;
	lsh_nodes(graph)[node].fate--;
}

uint32_t lsh_count_in(uint64_t shared, uint32_t local)
{
	uint32_t count = (uint32_t)lsh_shared_count(shared);

	return shared & LEASH__MERGED ? count : count + local / LEASH__LOCAL_ONE;
}

static void read_node(struct lsh_graph *graph, uint32_t i)
{
	struct lsh_node *node = &lsh_nodes(graph)[i];
	struct leash__header *h = node->h;

	node->shared = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
	LSH_POINT("collect: between the words");
	node->local = __atomic_load_n(&h->local, __ATOMIC_ACQUIRE);
	/* Of so many that it looks negative, nobody needs to know whether it is garbage. */
	node->fate = (int32_t)((uint32_t)node->fate + lsh_count_in(node->shared, node->local));
	/* A dead object's buffer may have gone before this section began. */
	if (node->shared & LEASH__DEAD)
		node->fate = -1;
	else
		lsh_type_visit_inline(h, follow, graph);
	lsh_nodes(graph)[i].edges = graph->edge_count;
}

static void read_some(struct lsh_graph *graph, uint32_t from, uint32_t number)
{
	uint32_t i;

	rcu_read_lock();
	for (i = from; i < graph->node_count && i - from < number && !graph->failed; i++) {
		fetch(graph, i);
		read_node(graph, i);
	}
	lsh_readers_leave();
}

void lsh_graph_pile(struct lsh_graph *graph, uint32_t node, enum lsh_fate fate)
{
	lsh_nodes(graph)[node].fate = (int32_t)fate;
	lsh_nodes(graph)[node].next = graph->pile;
	graph->pile = node;
}

uint32_t lsh_graph_unpile(struct lsh_graph *graph)
{
	uint32_t node = graph->pile;

	if (node != LSH_NONE)
		graph->pile = lsh_nodes(graph)[node].next;
	return node;
}

void lsh_graph_spread(struct lsh_graph *graph, enum lsh_fate fate)
{
	const struct lsh_node *nodes = lsh_nodes(graph);
	const uint32_t *edges = lsh_edges(graph);
	uint32_t node, edge;

	while ((node = lsh_graph_unpile(graph)) != LSH_NONE)
		for (edge = lsh_edges_begin(graph, node); edge < nodes[node].edges; edge++)
			if (nodes[edges[edge]].fate == LSH_GARBAGE)
				lsh_graph_pile(graph, edges[edge], fate);
}

static void decide(struct lsh_graph *graph)
{
	const struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t i;

	graph->pile = LSH_NONE;
	for (i = 0; i < graph->node_count; i++)
		if (nodes[i].fate > 0)
			lsh_graph_pile(graph, i, LSH_LIVE);
	lsh_graph_spread(graph, LSH_LIVE);
	for (i = 0; i < graph->node_count; i++)
		if (nodes[i].fate < 0)
			lsh_graph_pile(graph, i, LSH_NOT_NOW);
	lsh_graph_spread(graph, LSH_NOT_NOW);
}

bool lsh_graph_copy(struct lsh_graph *graph)
{
	uint32_t i;

	for (i = 0; i < graph->node_count && !graph->failed; i += ASK_EVERY) {
		read_some(graph, i, ASK_EVERY);
		if (lsh_kept_bytes() >= KEPT_MAX)
			graph->failed = true;
	}
	return !graph->failed;
}

bool lsh_graph_read(struct lsh_graph *graph)
{
	if (!lsh_graph_copy(graph))
		return false;
	decide(graph);
	return true;
}

struct comparison {
	struct lsh_graph *graph;
	uint32_t edge, end;
	bool differs;
};

/* What is not in the graph was no edge before either, and is none that matters: it is no garbage. */
static inline void compare_field(void *field, void *arg)
{
	struct comparison *comparison = arg;
	struct lsh_graph *graph = comparison->graph;
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);
	uint32_t node;

	if (!object)
		return;
	LSH_POINT("collect: read a field");
	if (comparison->edge < comparison->end &&
	    lsh_nodes(graph)[lsh_edges(graph)[comparison->edge]].h == leash__header_of(object))
		comparison->edge++;
	else if (find(graph, lsh_place(&graph->places, leash__header_of(object)), &node))
		comparison->differs = true;
}

/* Count, owner and fields are as in the snapshot. */
static bool is_same(struct lsh_graph *graph, uint32_t i)
{
	const struct lsh_node *node = &lsh_nodes(graph)[i];
	struct comparison comparison = { graph, lsh_edges_begin(graph, i), node->edges, false };
	uint64_t shared = __atomic_load_n(&node->h->shared, __ATOMIC_ACQUIRE);
	uint32_t local;

	LSH_POINT("collect: between the words");
	local = __atomic_load_n(&node->h->local, __ATOMIC_ACQUIRE);
	if (shared & LEASH__DEAD || lsh_shared_count(shared) != lsh_shared_count(node->shared) ||
	    (shared ^ node->shared) & LEASH__MERGED || (local ^ node->local) & ~LEASH__LOCAL_TOUCHED)
		return false;
	lsh_type_visit_inline(node->h, compare_field, &comparison);
	return !comparison.differs && comparison.edge == comparison.end;
}

void lsh_graph_compare(struct lsh_graph *graph)
{
	uint32_t i, k;

	for (i = 0; i < graph->node_count; i = k) {
		rcu_read_lock();
		for (k = i; k < graph->node_count && k - i < ASK_EVERY; k++) {
			fetch(graph, k);
			if (lsh_nodes(graph)[k].fate == LSH_GARBAGE && !is_same(graph, k))
				lsh_graph_pile(graph, k, LSH_NOT_NOW);
		}
		lsh_readers_leave();
	}
	lsh_graph_spread(graph, LSH_NOT_NOW);
}

void lsh_graph_next(struct lsh_graph *graph)
{
	const struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t i;

	for (i = 0; i < graph->node_count; i++)
		if (nodes[i].fate > LSH_LIVE)
			*lsh_place(&graph->places, nodes[i].h) = OPEN;
	graph->settled += graph->node_count;
	graph->node_count = graph->edge_count = 0;
	lsh_array_spare(&graph->nodes_, false);
	lsh_array_spare(&graph->edges_, false);
}

void lsh_graph_clear(struct lsh_graph *graph, bool all)
{
	lsh_array_spare(&graph->nodes_, all);
	lsh_array_spare(&graph->edges_, all);
	lsh_places_clear(&graph->places, all);
	graph->node_count = graph->edge_count = graph->settled = 0;
	graph->failed = false;
}
