/* Ways through an image: see path.c. */
#ifndef LSH_PATH_H
#define LSH_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include "image.h"

/* A chain of edges: the first one leaves `start`. */
struct lsh_path {
	uint32_t start;
	uint32_t length;
	struct lsh_array edges_;
};

static inline uint32_t lsh_path_edge(const struct lsh_path *path, uint32_t i)
{
	return ((const uint32_t *)path->edges_.data)[i];
}

/* A shortest chain from a root other than `node` to it.  Each of these three: LSH_NONE as `start` if there is none; false
 * without memory.  The path is to be freed. */
bool lsh_path_from_roots(const struct lsh_image *image, uint32_t node, struct lsh_path *path);

/* A shortest cycle through the node. */
bool lsh_path_cycle(const struct lsh_image *image, uint32_t node, struct lsh_path *path);

/* A cycle from which the node, to which no root leads, hangs; and how it does. */
bool lsh_path_hangs_from(const struct lsh_image *image, uint32_t node, struct lsh_path *cycle, struct lsh_path *rest);

void lsh_path_free(struct lsh_path *path);

#endif
