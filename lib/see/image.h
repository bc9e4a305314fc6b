/* A picture of the heap, as of one moment if nothing changes: see image.c. */
#ifndef LSH_IMAGE_H
#define LSH_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/type.h>
#include "../collect/graph.h"
#include "map_key.h"

struct lsh_image {
	struct lsh_graph graph;
	struct lsh_array labels_; /* of each edge: which field it is, for lsh_field_name() */
	struct lsh_keys keys;     /* of entries of maps, for the same */
	bool complete;            /* it has all objects there are */
	bool consistent;          /* nothing that it shows had changed at the second look */
};

/* Takes it, of all objects if there is a census, or else of `object` and what it reaches.  0; -ENOTSUP without a census for
 * NULL; -ENOMEM.  Outside guards. */
int lsh_image_take(struct lsh_image *image, const void *object);

/* The same, and again if it was not consistent; what the last of a few attempts gave. */
int lsh_image_take_consistent(struct lsh_image *image, const void *object);

void lsh_image_drop(struct lsh_image *image);

/* What it shows needs no object any more: they may be gone by then.  Of all objects, nodes are in the order of addresses, which
 * a program that does the same again gives them again, more or less; of one, in the order in which it leads to them. */

static inline uint32_t lsh_image_size(const struct lsh_image *image)
{
	return image->graph.node_count;
}

static inline uint32_t lsh_image_edges(const struct lsh_image *image)
{
	return image->graph.edge_count;
}

/* LSH_NONE for an object that is not in it. */
uint32_t lsh_image_find(struct lsh_image *image, const void *object);

static inline void *lsh_image_object(const struct lsh_image *image, uint32_t node)
{
	return lsh_nodes(&image->graph)[node].h + 1;
}

const leash_type *lsh_image_type(const struct lsh_image *image, uint32_t node);

/* All its references; those that no field accounts for, which may be wrong if it is not consistent. */
uint32_t lsh_image_count(const struct lsh_image *image, uint32_t node);
static inline int32_t lsh_image_outside(const struct lsh_image *image, uint32_t node)
{
	return lsh_nodes(&image->graph)[node].fate;
}

static inline bool lsh_image_is_immortal(const struct lsh_image *image, uint32_t node)
{
	return lsh_nodes(&image->graph)[node].shared & LEASH__IMMORTAL;
}

static inline bool lsh_image_is_dead(const struct lsh_image *image, uint32_t node)
{
	return lsh_nodes(&image->graph)[node].shared & LEASH__DEAD;
}

/* Whether something outside holds it. */
static inline bool lsh_image_is_root(const struct lsh_image *image, uint32_t node)
{
	return lsh_image_outside(image, node) > 0 || lsh_image_is_immortal(image, node);
}

/* Bytes of its block, header included, rounded up to whole 16s.  (Nodes are in no list here: `next` has them.) */
static inline uint64_t lsh_image_bytes(const struct lsh_image *image, uint32_t node)
{
	return (uint64_t)lsh_nodes(&image->graph)[node].next * 16;
}

/* Edges from..to - 1 are those of a node, in the order of its fields. */
static inline uint32_t lsh_image_from(const struct lsh_image *image, uint32_t node)
{
	return lsh_edges_begin(&image->graph, node);
}

static inline uint32_t lsh_image_to(const struct lsh_image *image, uint32_t node)
{
	return lsh_nodes(&image->graph)[node].edges;
}

static inline uint32_t lsh_image_target(const struct lsh_image *image, uint32_t edge)
{
	return lsh_edges(&image->graph)[edge];
}

static inline uint32_t lsh_image_label(const struct lsh_image *image, uint32_t edge)
{
	return ((const uint32_t *)image->labels_.data)[edge];
}

#endif
