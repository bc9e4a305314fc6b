/* A picture of the heap.
 *
 * The collector's graph (collect/graph.c), taken of all objects instead of suspects, and of every type: it reads counts and fields
 * beside running threads, while the memory of whatever dies is kept.  A second look follows, at once: it finds out which
 * field each edge is, and what has changed since the first.
 *
 * What is shown is exact if no thread changed a count or a field between the two looks: then all that was read stood
 * together at every moment between them.  `consistent` says that the second look found nothing that had changed.  It sees
 *
 *      what was counted, written, buried, or brought back by its finalizer, once
 *      a count that is on its way from one word to the other (a merge, a fold): it is in neither, and who moves it may
 *      have been stopped there before the first look, and still be after the second
 *
 * and does not see what was changed and changed back meanwhile.  Of that, a reference that was moved between two objects, one
 * of which had been read and the other not, makes the number of references from outside wrong by it.  (models/image.pml.)
 * A reference that moved from one field of an object to another is called by the field where the second look found it.
 * What is born, or comes back to life, when the census has been copied is in the image only if a field that is read leads to
 * it; else what it holds is held from outside.
 *
 * A reference is counted as one from outside if no field that was found holds it: it is in a variable, in memory the
 * library does not know, in a field of an object that has died and waits for the finalizer thread, or given up and not yet
 * subtracted (deferred.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <urcu-bp.h>

#include <leash/field.h>

#include "../background.h"
#include "../census.h"
#include "../heap.h"
#include "../points.h"
#include "../revoke.h"
#include "../track.h"
#include "../type.h"
#include "field_name.h"
#include "image.h"

#define ASK_EVERY 4096
#define ATTEMPTS  3

static int by_address(const void *one, const void *other)
{
	uintptr_t a = *(const uintptr_t *)one, b = *(const uintptr_t *)other;

	return (a > b) - (a < b);
}

/* By address: what lies beside each other is read one after the other, which is twice as fast. */
static int add_all(struct lsh_image *image)
{
	struct lsh_array addresses = { NULL };
	size_t count = lsh_census_copy(&addresses), i;

	if (count && count != SIZE_MAX)
		qsort(addresses.data, count, sizeof(uintptr_t), by_address);
	for (i = 0; i < count && count != SIZE_MAX && !image->graph.failed; i++)
		lsh_graph_add(&image->graph, ((struct leash__header **)addresses.data)[i]);
	lsh_array_free(&addresses);
	return count == SIZE_MAX ? -ENOMEM : 0;
}

struct second_look {
	struct lsh_image *image;
	struct lsh_fields fields;
	uint32_t edge, end;
	bool differs;
};

static void look_at_field(void *field, void *arg)
{
	struct second_look *look = arg;
	const struct lsh_graph *graph = &look->image->graph;
	uint32_t *labels = look->image->labels_.data;
	uint32_t label = lsh_field_label(&look->fields, field);
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_ACQUIRE);

	if (!object)
		return;
	if (look->edge < look->end && lsh_nodes(graph)[lsh_edges(graph)[look->edge]].h == leash__header_of(object))
		labels[look->edge++] = label;
	else
		look->differs = true;
}

/* Who owns an object has a part of its count (count.c, 2), but between the two stores that move it. */
static bool on_its_way(uint64_t shared, uint32_t local)
{
	return !(shared & (LEASH__MERGED | LEASH__IMMORTAL)) && local < LEASH__LOCAL_ONE;
}

/* Whether it has changed. */
static bool look_at(struct lsh_image *image, uint32_t i)
{
	struct lsh_node *node = &lsh_nodes(&image->graph)[i];
	struct second_look look = {
		.image = image,
		.edge = lsh_image_from(image, i),
		.end = node->edges,
	};
	uint64_t shared = __atomic_load_n(&node->h->shared, __ATOMIC_ACQUIRE);
	uint32_t local = __atomic_load_n(&node->h->local, __ATOMIC_ACQUIRE);

	if (node->shared & LEASH__DEAD)
		return !(shared & LEASH__DEAD);
	if (shared & LEASH__DEAD || lsh_count_in(shared, local) != lsh_count_in(node->shared, node->local) ||
	    on_its_way(shared, local) || on_its_way(node->shared, node->local))
		return true;
	look.fields = lsh_fields_of(node->h, &image->keys);
	lsh_type_visit(node->h, look_at_field, &look);
	return look.differs || look.edge != look.end;
}

static void look_again(struct lsh_image *image)
{
	uint32_t i, k;

	for (i = 0; i < image->graph.node_count; i = k) {
		rcu_read_lock();
		for (k = i; k < image->graph.node_count && k - i < ASK_EVERY; k++) {
			struct lsh_node *node = &lsh_nodes(&image->graph)[k];
			bool changed = look_at(image, k);

			node->next = (uint32_t)((lsh_block_bytes(node->h) + 15) / 16);
			if (changed || (node->fate < 0 && !(node->shared & (LEASH__DEAD | LEASH__IMMORTAL))))
				image->consistent = false;
		}
		lsh_readers_leave();
	}
}

static int take(struct lsh_image *image, const void *object)
{
	struct lsh_graph *graph = &image->graph;
	uint32_t *labels;
	int error = 0;
	uint32_t i;

	if (image->complete)
		error = add_all(image);
	else
		lsh_graph_add(graph, leash__header_of(object));
	if (error || !lsh_graph_copy(graph) ||
	    !lsh_array_reserve(&image->labels_, (graph->edge_count + 1) * sizeof(*labels)))
		return -ENOMEM;
	labels = image->labels_.data;
	for (i = 0; i < graph->edge_count; i++)
		labels[i] = LSH_FIELD_UNKNOWN;
	LSH_POINT("see: second look");
	look_again(image);
	return 0;
}

int lsh_image_take(struct lsh_image *image, const void *object)
{
	int error;

	*image = (struct lsh_image){ .graph.whole = true, .complete = lsh_census_on, .consistent = true };
	if (!object && !image->complete)
		return -ENOTSUP;
	lsh_background_settle();
	lsh_keep_begin();
	error = take(image, object);
	lsh_keep_end();
	if (error)
		lsh_image_drop(image);
	return error;
}

int lsh_image_take_consistent(struct lsh_image *image, const void *object)
{
	int attempt, error = lsh_image_take(image, object);

	for (attempt = 1; attempt < ATTEMPTS && !error && !image->consistent; attempt++) {
		lsh_image_drop(image);
		error = lsh_image_take(image, object);
	}
	return error;
}

void lsh_image_drop(struct lsh_image *image)
{
	lsh_graph_clear(&image->graph, true);
	lsh_array_free(&image->labels_);
	lsh_keys_free(&image->keys);
}

uint32_t lsh_image_find(struct lsh_image *image, const void *object)
{
	return lsh_graph_find(&image->graph, leash__header_of(object));
}

const leash_type *lsh_image_type(const struct lsh_image *image, uint32_t node)
{
	return lsh_types[lsh_nodes(&image->graph)[node].shared & LEASH__TYPE_MASK].type;
}

uint32_t lsh_image_count(const struct lsh_image *image, uint32_t node)
{
	const struct lsh_node *n = &lsh_nodes(&image->graph)[node];

	return lsh_count_in(n->shared, n->local);
}
