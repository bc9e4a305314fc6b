/* The way from addresses of objects to what a round knows of them.
 *
 * A table of pages, open addressing, and for each page a word for every 32 bytes of it, for headers are never
 * nearer to one another.  So neighbours stay neighbours, objects being found roughly in the order in which they
 * were allocated, and the page is mostly the one of the object before; and however the heap lies, it costs an eighth of it
 * at most.
 */
#include <string.h>

#include "places.h"

#define SMALLEST_TABLE 64

struct page {
	uint64_t number; /* 0: none */
	uint32_t index;
};

static struct page *find(const struct lsh_places *places, uint64_t number)
{
	struct page *table = places->table_.data;
	uint32_t mask = places->table_size - 1;
	uint32_t i = (uint32_t)(number * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;

	while (table[i].number && table[i].number != number)
		i = (i + 1) & mask;
	return &table[i];
}

static bool grow(struct lsh_places *places)
{
	uint32_t size = places->table_size ? places->table_size * 2 : SMALLEST_TABLE, i;
	struct lsh_places bigger = { .table_size = size };
	struct page *old = places->table_.data;

	if (!lsh_array_reserve(&bigger.table_, size * sizeof(struct page)))
		return false;
	for (i = 0; i < places->table_size; i++)
		if (old[i].number)
			*find(&bigger, old[i].number) = old[i];
	lsh_array_free(&places->table_);
	places->table_ = bigger.table_;
	places->table_size = size;
	return true;
}

static uint32_t *remember(struct lsh_places *places, uint64_t number, uint32_t index, const struct leash__header *h)
{
	places->last = number;
	places->last_words = (uint32_t *)places->pages_.data + (size_t)index * LSH_PLACES;
	return lsh_place_in(places->last_words, h);
}

uint32_t *lsh_place_find(struct lsh_places *places, const struct leash__header *h)
{
	uint64_t number = (uintptr_t)h >> LSH_PLACES_SHIFT;
	const struct page *page;

	if (!places->table_size)
		return NULL;
	page = find(places, number);
	return page->number ? remember(places, number, page->index, h) : NULL;
}

uint32_t *lsh_place_make(struct lsh_places *places, const struct leash__header *h)
{
	uint64_t number = (uintptr_t)h >> LSH_PLACES_SHIFT;
	uint32_t *place = lsh_place(places, h);
	struct page *page;

	if (place)
		return place;
	if (places->page_count >= places->table_size / 2 && !grow(places))
		return NULL;
	if (!lsh_array_reserve(&places->pages_, (places->page_count + 1) * LSH_PLACES * sizeof(uint32_t)))
		return NULL;
	page = find(places, number);
	*page = (struct page){ .number = number, .index = places->page_count++ };
	return remember(places, number, page->index, h);
}

void lsh_places_clear(struct lsh_places *places, bool all)
{
	lsh_array_spare(&places->table_, all);
	lsh_array_spare(&places->pages_, all);
	if (places->pages_.data)
		memset(places->pages_.data, 0, places->page_count * LSH_PLACES * sizeof(uint32_t));
	if (places->table_.data)
		memset(places->table_.data, 0, places->table_size * sizeof(struct page));
	else
		places->table_size = 0;
	places->page_count = 0;
	places->last = 0;
}
