/* A copy of a part of the heap in side arrays, and what can be decided on it: see graph.c. */
#ifndef LSH_GRAPH_H
#define LSH_GRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>
#include "array.h"
#include "places.h"

/* What is thought of an object; as long as it is read, its references that have not been found in fields, if
 * above 0. */
enum lsh_fate {
	LSH_GARBAGE = 0, /* for all that is known */
	LSH_LIVE = 1,    /* when it was read */
	LSH_NOT_NOW = 2, /* touched, or what was read does not fit together */
	LSH_HELD = 3,    /* garbage whose hooks have to run first */
	LSH_BEHIND = 4,  /* garbage that hooks can reach */
	LSH_SAVED = 5,   /* garbage that is kept for leash_gc_garbage() */
};

struct lsh_node {
	struct leash__header *h;
	uint64_t shared; /* its words, as read */
	uint32_t local;
	uint32_t edges;  /* where its edges end; they begin where those of the node before end */
	int32_t fate;
	uint32_t next;   /* in a list of nodes */
};

#define LSH_NONE UINT32_MAX

struct lsh_graph {
	struct lsh_array nodes_, edges_;
	struct lsh_places places;
	uint32_t node_count, edge_count;
	uint32_t settled; /* what a place holds at most for objects of earlier graphs of the same round */
	uint32_t pile;    /* nodes whose edges are still to be followed: spread() */
	unsigned age;     /* older objects are outside */
	bool whole;       /* all objects that are not dead are inside, whatever their types and ages: see/image.c */
	bool failed;      /* for want of memory, or kept for too long */
};

static inline struct lsh_node *lsh_nodes(const struct lsh_graph *graph)
{
	return graph->nodes_.data;
}

static inline uint32_t *lsh_edges(const struct lsh_graph *graph)
{
	return graph->edges_.data;
}

static inline uint32_t lsh_edges_begin(const struct lsh_graph *graph, uint32_t node)
{
	return node ? lsh_nodes(graph)[node - 1].edges : 0;
}

/* Adds an object whose memory is kept. */
enum lsh_added {
	LSH_ADDED,   /* or there already */
	LSH_SETTLED, /* an earlier graph of this round found it alive */
	LSH_OPEN,    /* an earlier graph could not decide */
	LSH_OUTSIDE, /* dead, immortal, too old, not of a cyclic type; or no memory */
};
enum lsh_added lsh_graph_add(struct lsh_graph *graph, struct leash__header *h);

/* The same for an object to which there is a reference from garbage that is no longer in any field. */
enum lsh_added lsh_graph_add_owed(struct lsh_graph *graph, struct leash__header *h);

/* The number of the node of an object; LSH_NONE if it has none. */
uint32_t lsh_graph_find(struct lsh_graph *graph, const struct leash__header *h);

/* The references that a node's words count. */
uint32_t lsh_count_in(uint64_t shared, uint32_t local);

/* Whether an earlier graph of this round had the object. */
bool lsh_graph_had(struct lsh_graph *graph, const struct leash__header *h);

/* Reads words and fields of all nodes and adds what they refer to: fates are the numbers of references that have not been
 * found in fields then, or -1 for what has died.  False if it failed. */
bool lsh_graph_copy(struct lsh_graph *graph);

/* The same, and decides: fates are LSH_GARBAGE, LSH_LIVE and LSH_NOT_NOW then. */
bool lsh_graph_read(struct lsh_graph *graph);

/* Reads the garbage once more: what has changed is LSH_NOT_NOW, and what that reaches. */
void lsh_graph_compare(struct lsh_graph *graph);

/* Gives the garbage that a node reaches a fate: as many steps as need be, each of whose nodes may get
 * another one than its source. */
void lsh_graph_pile(struct lsh_graph *graph, uint32_t node, enum lsh_fate fate);
uint32_t lsh_graph_unpile(struct lsh_graph *graph);
void lsh_graph_spread(struct lsh_graph *graph, enum lsh_fate fate);

/* For another graph of the same round. */
void lsh_graph_next(struct lsh_graph *graph);

/* Empties it for another round; keeps memory that is worth it, unless `all`. */
void lsh_graph_clear(struct lsh_graph *graph, bool all);

#endif
