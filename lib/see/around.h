/* Which objects of an image are shown: all, or the surroundings of one.  See around.c. */
#ifndef LSH_AROUND_H
#define LSH_AROUND_H

#include <stdbool.h>
#include <stdint.h>
#include "image.h"

#define LSH_AROUND_MAX 100

struct lsh_shown {
	struct lsh_array nodes_;   /* in their order */
	struct lsh_array numbers_; /* of each node of the image, from 1; 0: not shown */
	struct lsh_array more_;    /* of each node of the image: whether it is shown, and a neighbour is not */
	uint32_t count;
	uint32_t centre;           /* or LSH_NONE */
};

/* Those that live, in the image's order.  Both: false without memory; to be freed in any case. */
bool lsh_show_all(struct lsh_shown *shown, const struct lsh_image *image);

/* The centre, and what it refers to and what refers to it, nearest first, LSH_AROUND_MAX at most. */
bool lsh_show_around(struct lsh_shown *shown, const struct lsh_image *image, uint32_t centre);

void lsh_shown_free(struct lsh_shown *shown);

static inline uint32_t lsh_shown_node(const struct lsh_shown *shown, uint32_t i)
{
	return ((const uint32_t *)shown->nodes_.data)[i];
}

static inline uint32_t lsh_shown_number(const struct lsh_shown *shown, uint32_t node)
{
	return ((const uint32_t *)shown->numbers_.data)[node];
}

static inline bool lsh_shown_has_more(const struct lsh_shown *shown, uint32_t node)
{
	return ((const bool *)shown->more_.data)[node];
}

#endif
