/* The snapshot.
 *
 * Purpose.  To decide whether objects are garbage, the collector needs their counts and fields.  It reads them, beside
 * running threads, into arrays of its own and decides there: nothing is written into any object, so live
 * ones stay clean in every cache, and shared with forked children.
 *
 * What is read need not fit together: threads count and change fields meanwhile.  round.c makes up for
 * that by reading the candidates again.
 *
 * Structure.  Nodes in the order in which they were found, which serves as the queue of the walk; edges of
 * one node after the other; and the way from addresses to nodes: a table of pages, open addressing, and for each
 * page a place for every 32 bytes of it, for headers are never nearer to one another.  So neighbours stay
 * neighbours, objects being found roughly in the order in which they were allocated, and however the heap lies,
 * it costs an eighth of it at most.
 *
 * Whether an object is entered at all is decided from its header, read when it is found.  The caller
 * keeps the memory of objects that die, so the header of whatever a field refers to is one: of a live
 * object or of a dead one.
 *
 * 32 bytes a node, 4 an edge, 4 for each 32 of a page, 8 a step of the path (condense.c).
 */
#include <string.h>
#include <urcu-bp.h>

#include <leash/field.h>

#include "../points.h"
#include "../revoke.h"
#include "../track.h"
#include "../type.h"
#include "graph.h"

#define SMALLEST_TABLE 64
#define MAX_NODES      (UINT32_C(1) << 30)
#define ASK_EVERY      4096
#define WORTH_KEEPING  (UINT32_C(1) << 20) /* bytes */

#define PAGE_SHIFT     12
#define PER_PAGE       (1u << (PAGE_SHIFT - 5))
struct page {
	uint64_t number; /* 0: none */
	uint32_t index;
};

static struct page *page_slot(const struct lsh_graph *graph, uint64_t page)
{
	struct page *table = graph->table_.data;
	uint32_t mask = graph->table_size - 1;
	uint32_t i = (uint32_t)(page * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (table[i].number && table[i].number != page)
		i = (i + 1) & mask;
	return &table[i];
}

static bool grow_table(struct lsh_graph *graph)
{
	uint32_t size = graph->table_size ? graph->table_size * 2 : SMALLEST_TABLE, i;
	struct lsh_graph bigger = { .table_size = size };
	struct page *old = graph->table_.data;

	if (!lsh_array_reserve(&bigger.table_, size * sizeof(struct page)))
		return false;
	for (i = 0; i < graph->table_size; i++)
		if (old[i].number)
			*page_slot(&bigger, old[i].number) = old[i];
	lsh_array_free(&graph->table_);
	graph->table_ = bigger.table_;
	graph->table_size = size;
	return true;
}

static uint32_t *in_page(const struct lsh_graph *graph, uint32_t page, const struct leash__header *h)
{
	return (uint32_t *)graph->pages_.data + (size_t)page * PER_PAGE + ((uintptr_t)h >> 5) % PER_PAGE;
}

/* Where the object's node is noted, if its page is known. */
static uint32_t *slot_of(const struct lsh_graph *graph, const struct leash__header *h)
{
	const struct page *page;

	if (!graph->table_size)
		return NULL;
	page = page_slot(graph, (uintptr_t)h >> PAGE_SHIFT);
	return page->number ? in_page(graph, page->index, h) : NULL;
}

/* The same; its page is known afterwards.  NULL without memory. */
static uint32_t *make_slot(struct lsh_graph *graph, const struct leash__header *h)
{
	uint32_t *slot = slot_of(graph, h);
	struct page *page;

	if (slot)
		return slot;
	if (graph->page_count >= graph->table_size / 2 && !grow_table(graph))
		return NULL;
	if (!lsh_array_reserve(&graph->pages_, (graph->page_count + 1) * PER_PAGE * sizeof(uint32_t)))
		return NULL;
	page = page_slot(graph, (uintptr_t)h >> PAGE_SHIFT);
	*page = (struct page){ .number = (uintptr_t)h >> PAGE_SHIFT, .index = graph->page_count++ };
	return in_page(graph, page->index, h);
}

static bool is_outside(const struct lsh_graph *graph, const struct leash__header *h)
{
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);

	return shared & (LEASH__DEAD | LEASH__IMMORTAL) ||
	       (shared & LEASH__AGE) >> LEASH__AGE_SHIFT > graph->age || !lsh_type_of(h)->cyclic;
}

static uint32_t add(struct lsh_graph *graph, struct leash__header *h)
{
	uint32_t *slot = slot_of(graph, h);

	if (slot && *slot)
		return *slot - 1;
	if (graph->closed || graph->failed || is_outside(graph, h))
		return LSH_NONE;
	slot = make_slot(graph, h);
	if (!slot || graph->node_count == MAX_NODES ||
	    !lsh_array_reserve(&graph->nodes_, (graph->node_count + 1) * sizeof(struct lsh_node))) {
		graph->failed = true;
		return LSH_NONE;
	}
	lsh_nodes(graph)[graph->node_count] = (struct lsh_node){ .h = h };
	*slot = ++graph->node_count;
	return graph->node_count - 1;
}

void lsh_graph_add(struct lsh_graph *graph, struct leash__header *h)
{
	add(graph, h);
}

uint32_t lsh_graph_find(const struct lsh_graph *graph, const struct leash__header *h)
{
	const uint32_t *slot = slot_of(graph, h);

	return slot && *slot ? *slot - 1 : LSH_NONE;
}

static void follow(void *field, void *arg)
{
	struct lsh_graph *graph = arg;
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);
	uint32_t node;

	if (!object)
		return;
	LSH_POINT("collect: read a field");
	node = add(graph, leash__header_of(object));
	if (node == LSH_NONE || lsh_nodes(graph)[node].component == LSH_NONE)
		return;
	if (graph->edge_count == LSH_NONE - 1 ||
	    !lsh_array_reserve(&graph->edges_, (graph->edge_count + 1) * sizeof(uint32_t))) {
		graph->failed = true;
		return;
	}
	lsh_edges(graph)[graph->edge_count++] = node;
}

/* A buffer that a trace callback reads lives until its readers are through. */
static bool read_some(struct lsh_graph *graph, uint32_t from, uint32_t number)
{
	uint32_t i;

	rcu_read_lock();
	for (i = from; i < graph->node_count && i - from < number && !graph->failed; i++) {
		struct leash__header *h = lsh_nodes(graph)[i].h;

		lsh_graph_fetch(graph, i);
		if (lsh_nodes(graph)[i].component == LSH_NONE) {
			lsh_nodes(graph)[i].edges = graph->edge_count;
			continue;
		}
		lsh_nodes(graph)[i].shared = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);
		LSH_POINT("collect: between the words");
		lsh_nodes(graph)[i].local = __atomic_load_n(&h->local, __ATOMIC_ACQUIRE);
		/* A dead object's buffer may have gone before this section began. */
		if (!(lsh_nodes(graph)[i].shared & LEASH__DEAD))
			lsh_type_visit(h, follow, graph);
		lsh_nodes(graph)[i].edges = graph->edge_count;
	}
	LSH_RELEASE(&lsh_readers);
	rcu_read_unlock();
	return !graph->failed;
}

bool lsh_graph_read(struct lsh_graph *graph, bool (*keep_going)(void))
{
	uint32_t i;

	for (i = 0; i < graph->node_count && !graph->failed; i += ASK_EVERY)
		if (!read_some(graph, i, ASK_EVERY) || !keep_going())
			graph->failed = true;
	return !graph->failed;
}

void lsh_graph_close(struct lsh_graph *graph)
{
	const struct lsh_component *components = lsh_components(graph);
	uint32_t i;

	for (i = 0; i < graph->node_count; i++) {
		struct lsh_node *node = &lsh_nodes(graph)[i];

		node->component = components[node->component].external == 0 ? 0 : LSH_NONE;
	}
	graph->closed = true;
	graph->edge_count = graph->component_count = 0;
}

void lsh_graph_clear(struct lsh_graph *graph, bool all)
{
	struct lsh_array *arrays[] = { &graph->nodes_, &graph->edges_, &graph->pages_,
				       &graph->table_, &graph->path_,  &graph->components_ };
	size_t i;

	for (i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		if (all || arrays[i]->bytes > WORTH_KEEPING)
			lsh_array_free(arrays[i]);
	/* These two are to be 0. */
	if (graph->pages_.data)
		memset(graph->pages_.data, 0, graph->page_count * PER_PAGE * sizeof(uint32_t));
	if (graph->table_.data)
		memset(graph->table_.data, 0, graph->table_size * sizeof(struct page));
	else
		graph->table_size = 0;
	graph->node_count = graph->edge_count = graph->component_count = graph->page_count = 0;
	graph->closed = graph->failed = false;
}
