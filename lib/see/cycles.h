/* Which objects of an image are in cycles, and which nothing leads to: see cycles.c. */
#ifndef LSH_CYCLES_H
#define LSH_CYCLES_H

#include <stdbool.h>
#include <stdint.h>
#include "image.h"

struct lsh_cycles {
	struct lsh_array numbers_; /* of each node */
	struct lsh_array live_;    /* whether a root leads to it */
	uint32_t count;
};

/* False without memory.  To be freed in any case. */
bool lsh_cycles_find(struct lsh_cycles *cycles, const struct lsh_image *image);
void lsh_cycles_free(struct lsh_cycles *cycles);

/* The number of the cycle that the node is in, from 1 to `count`, in the order of their first nodes; 0: in none.  Cycles that share
 * a node are one. */
static inline uint32_t lsh_cycle_of(const struct lsh_cycles *cycles, uint32_t node)
{
	return ((const uint32_t *)cycles->numbers_.data)[node];
}

/* Whether no root leads to it. */
static inline bool lsh_cycles_is_garbage(const struct lsh_cycles *cycles, uint32_t node)
{
	return !((const bool *)cycles->live_.data)[node];
}

/* The number of the cycle that an edge of the node is part of; 0: of none. */
static inline uint32_t lsh_cycle_of_edge(const struct lsh_cycles *cycles, const struct lsh_image *image, uint32_t node,
					 uint32_t edge)
{
	uint32_t number = lsh_cycle_of(cycles, node);

	return number == lsh_cycle_of(cycles, lsh_image_target(image, edge)) ? number : 0;
}

#endif
