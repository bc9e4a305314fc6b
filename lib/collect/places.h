/* A word for each object, found by its address: see places.c. */
#ifndef LSH_PLACES_H
#define LSH_PLACES_H

#include <stddef.h>
#include <stdint.h>
#include <leash/abi.h>
#include "array.h"

struct lsh_places {
	struct lsh_array table_, pages_;
	uint32_t table_size; /* a power of 2 */
	uint32_t page_count;
	uint64_t last;        /* the page that was asked for last */
	uint32_t *last_words; /* its words */
};

#define LSH_PLACES_SHIFT 12                             /* a page */
#define LSH_PLACES       (1u << (LSH_PLACES_SHIFT - 5)) /* words in it */

static inline uint32_t *lsh_place_in(uint32_t *words, const struct leash__header *h)
{
	return words + ((uintptr_t)h >> 5) % LSH_PLACES;
}

/* The object's word, 0 at first; or NULL if nothing near it has been given one. */
uint32_t *lsh_place_find(struct lsh_places *places, const struct leash__header *h);
static inline uint32_t *lsh_place(struct lsh_places *places, const struct leash__header *h)
{
	if ((uintptr_t)h >> LSH_PLACES_SHIFT == places->last)
		return lsh_place_in(places->last_words, h);
	return lsh_place_find(places, h);
}

/* The same, made if need be; NULL without memory. */
uint32_t *lsh_place_make(struct lsh_places *places, const struct leash__header *h);

/* All are 0 again; keeps memory that is worth it, unless `all`. */
void lsh_places_clear(struct lsh_places *places, bool all);

#endif
