/* A copy of a part of the heap in side arrays, and what can be decided on it: see graph.c and condense.c. */
#ifndef LSH_GRAPH_H
#define LSH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>
#include "array.h"

struct lsh_node {
	struct leash__header *h;
	uint64_t shared;    /* its words, as read */
	uint32_t local;
	uint32_t edges;     /* where its edges end; they begin where those of the node before end */
	uint32_t component; /* which one it belongs to, once condensed; or LSH_NONE: it is not looked at any more */
	uint32_t next;      /* the next node of that component, or LSH_NONE */
};

#define LSH_NONE UINT32_MAX

struct lsh_component {
	int64_t external; /* references from outside; 0: garbage */
	uint32_t first;   /* node */
	uint32_t size;
};

struct lsh_graph {
	struct lsh_array nodes_, edges_, table_, pages_, path_, components_;
	uint32_t node_count, edge_count, component_count, page_count;
	uint32_t table_size; /* a power of 2 */
	unsigned age;        /* older objects are outside */
	bool closed;         /* no object is added any more, and only candidates count */
	bool failed;         /* for want of memory, or kept for too long */
};

static inline struct lsh_node *lsh_nodes(const struct lsh_graph *graph)
{
	return graph->nodes_.data;
}

static inline uint32_t *lsh_edges(const struct lsh_graph *graph)
{
	return graph->edges_.data;
}

static inline struct lsh_component *lsh_components(const struct lsh_graph *graph)
{
	return graph->components_.data;
}

/* Headers of objects are cold, and the order in which they will be wanted is known. */
static inline void lsh_graph_fetch(const struct lsh_graph *graph, uint32_t node)
{
	if (node + 8 < graph->node_count)
		__builtin_prefetch(lsh_nodes(graph)[node + 8].h, 1);
}

static inline uint32_t lsh_edges_begin(const struct lsh_graph *graph, uint32_t node)
{
	return node ? lsh_nodes(graph)[node - 1].edges : 0;
}

/* Adds an object, unless it is there, dead, immortal, too old, or not of a cyclic type.  Its memory is kept. */
void lsh_graph_add(struct lsh_graph *graph, struct leash__header *h);

/* Its node, or LSH_NONE. */
uint32_t lsh_graph_find(const struct lsh_graph *graph, const struct leash__header *h);

/* Reads words and fields of all nodes, and adds what they refer to; if the graph is closed, of the candidates only; `keep_going` is asked
 * now and then.  False if it failed. */
bool lsh_graph_read(struct lsh_graph *graph, bool (*keep_going)(void));

/* After it has been condensed: only what seems to be garbage is looked at from now on. */
void lsh_graph_close(struct lsh_graph *graph);

/* Condenses and decides: afterwards components are in an order in which targets come before sources, and those
 * whose `external` is 0 are garbage as far as what was read goes.  False if it failed. */
bool lsh_graph_condense(struct lsh_graph *graph);

/* Empties it for another round; keeps memory that is worth it, unless `all`. */
void lsh_graph_clear(struct lsh_graph *graph, bool all);

#endif
