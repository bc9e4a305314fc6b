/* The decision.
 *
 * Algorithm.  Strongly connected components by Tarjan (Depth-first search and linear graph algorithms, 1972), in the
 * iterative form with one number a node of Pearce (A space-efficient algorithm for finding strongly connected
 * components, 2016).  A component is done when all that it refers to is done: targets before sources.  So
 * in the other order each component is reached when everything that refers to it has been decided:
 *
 *      external = sum of the counts - edges from within - edges from garbage components
 *
 * and it is garbage if that is 0.  Less than 0 means that what was read does not fit together: not now.
 *
 * While the walk is on, `component` holds a node's number (from 1), lowered to the smallest that it reaches, or,
 * when it is done, DONE and its component; `next` links the nodes that wait for their component.
 */
#include "../count.h"
#include "graph.h"

#define DONE (UINT32_C(1) << 31)

struct step {
	uint32_t node;
	uint32_t edge;
};
#define LOWERED (UINT32_C(1) << 31) /* in `node`: it reaches a smaller number than its own */

struct walk {
	struct lsh_graph *graph;
	uint32_t depth;
	uint32_t number;
	uint32_t waiting;
};

static bool enter(struct walk *walk, uint32_t node)
{
	struct lsh_graph *graph = walk->graph;

	if (!lsh_array_reserve(&graph->path_, (walk->depth + 1) * sizeof(struct step)))
		return false;
	((struct step *)graph->path_.data)[walk->depth++] =
		(struct step){ node, lsh_edges_begin(graph, node) };
	lsh_nodes(graph)[node].component = ++walk->number;
	return true;
}

static int64_t count_of(const struct lsh_node *node)
{
	int64_t count = lsh_shared_count(node->shared);

	if (!(node->shared & LEASH__MERGED))
		count += node->local / LEASH__LOCAL_ONE;
	return count;
}

/* Makes a component of the node and of those that wait with its number or a larger one. */
static bool complete(struct walk *walk, uint32_t node)
{
	struct lsh_graph *graph = walk->graph;
	struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t number = nodes[node].component, id = graph->component_count;
	struct lsh_component *component;

	if (!lsh_array_reserve(&graph->components_, (id + 1) * sizeof(*component)))
		return false;
	component = &lsh_components(graph)[id];
	*component = (struct lsh_component){ .first = node, .size = 1, .external = count_of(&nodes[node]) };
	graph->component_count++;
	nodes[node].component = DONE | id;
	nodes[node].next = LSH_NONE;
	while (walk->waiting != LSH_NONE && nodes[walk->waiting].component >= number) {
		uint32_t member = walk->waiting;

		walk->waiting = nodes[member].next;
		nodes[member].component = DONE | id;
		nodes[member].next = component->first;
		component->first = member;
		component->size++;
		component->external += count_of(&nodes[member]);
	}
	return true;
}

static bool lower(struct lsh_node *nodes, uint32_t node, uint32_t number)
{
	if (number & DONE || number >= nodes[node].component)
		return false;
	nodes[node].component = number;
	return true;
}

static bool leave(struct walk *walk)
{
	struct lsh_graph *graph = walk->graph;
	struct lsh_node *nodes = lsh_nodes(graph);
	struct step *path = graph->path_.data;
	uint32_t top = path[--walk->depth].node, node = top & ~LOWERED;

	if (!(top & LOWERED)) {
		if (!complete(walk, node))
			return false;
	} else {
		nodes[node].next = walk->waiting;
		walk->waiting = node;
	}
	if (walk->depth && lower(nodes, path[walk->depth - 1].node & ~LOWERED, nodes[node].component))
		path[walk->depth - 1].node |= LOWERED;
	return true;
}

static bool walk_from(struct walk *walk, uint32_t start)
{
	struct lsh_graph *graph = walk->graph;

	if (!enter(walk, start))
		return false;
	while (walk->depth) {
		struct step *step = (struct step *)graph->path_.data + walk->depth - 1;
		struct lsh_node *nodes = lsh_nodes(graph);
		uint32_t node = step->node & ~LOWERED, target;

		if (step->edge == nodes[node].edges) {
			if (!leave(walk))
				return false;
			continue;
		}
		target = lsh_edges(graph)[step->edge++];
		if (!nodes[target].component) {
			if (!enter(walk, target))
				return false;
		} else if (lower(nodes, node, nodes[target].component)) {
			step->node |= LOWERED;
		}
	}
	return true;
}

/* Takes the edges of one component off what they lead to: those from within, or all others. */
static void take_off(struct lsh_graph *graph, uint32_t id, bool within)
{
	struct lsh_component *components = lsh_components(graph);
	const struct lsh_node *nodes = lsh_nodes(graph);
	uint32_t node, edge;

	for (node = components[id].first; node != LSH_NONE; node = nodes[node].next) {
		for (edge = lsh_edges_begin(graph, node); edge < nodes[node].edges; edge++) {
			uint32_t target = nodes[lsh_edges(graph)[edge]].component;

			if ((target == id) == within)
				components[target].external--;
		}
	}
}

bool lsh_graph_condense(struct lsh_graph *graph)
{
	struct walk walk = { .graph = graph, .waiting = LSH_NONE };
	uint32_t i;

	for (i = 0; i < graph->node_count; i++)
		if (!lsh_nodes(graph)[i].component && !walk_from(&walk, i))
			graph->failed = true;
	if (graph->path_.bytes > (UINT32_C(1) << 20))
		lsh_array_free(&graph->path_);
	if (graph->failed)
		return false;
	for (i = 0; i < graph->node_count; i++)
		if (lsh_nodes(graph)[i].component != LSH_NONE)
			lsh_nodes(graph)[i].component &= ~DONE;
	for (i = graph->component_count; i-- > 0;) {
		take_off(graph, i, true);
		if (lsh_components(graph)[i].external == 0)
			take_off(graph, i, false);
	}
	return true;
}
