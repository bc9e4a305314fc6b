/* Lists of objects, whose LOGGED says that they stand there. */
#include <stdlib.h>

#include "../heap.h"
#include "list.h"

bool lsh_spares_reserve(struct lsh_spares *spares, unsigned number)
{
	const struct lsh_chunk *chunk;

	for (chunk = spares->chunks; chunk && number; chunk = chunk->next)
		number--;
	while (number--) {
		struct lsh_chunk *more = lsh_chunk_new();

		if (!more)
			return false;
		lsh_spares_give(spares, more);
	}
	return true;
}

void lsh_spares_free(struct lsh_spares *spares)
{
	lsh_chunks_free(spares->chunks);
	spares->chunks = NULL;
}

void lsh_list_push(struct lsh_list *list, struct leash__header *h, struct lsh_spares *spares)
{
	if (!list->head || list->head->count == LSH_CHUNK) {
		struct lsh_chunk *chunk = spares->chunks;

		spares->chunks = chunk->next;
		chunk->next = list->head;
		chunk->count = 0;
		list->head = chunk;
	}
	list->head->entries[list->head->count++] = h;
	list->count++;
}

struct leash__header *lsh_list_pop(struct lsh_list *list, struct lsh_spares *spares)
{
	struct leash__header *h = NULL;

	while (!h && list->head) {
		struct lsh_chunk *chunk = list->head;

		if (chunk->count) {
			h = chunk->entries[--chunk->count];
			list->count--;
		} else {
			list->head = chunk->next;
			lsh_spares_give(spares, chunk);
		}
	}
	return h;
}

bool lsh_list_forgets(struct leash__header *h)
{
	uint64_t old = __atomic_load_n(&h->shared, __ATOMIC_ACQUIRE);

	do
		if (!(old & LEASH__DEAD))
			return false;
	while (!__atomic_compare_exchange_n(&h->shared, &old, old & ~LEASH__LOGGED, false, __ATOMIC_ACQ_REL,
					    __ATOMIC_ACQUIRE));
	if (old & LEASH__HUSK)
		lsh_husk_free(h);
	return true;
}

void lsh_list_scrub(struct lsh_list *list)
{
	struct lsh_list left = { .head = NULL };
	struct lsh_spares spares = { NULL };
	struct leash__header *h;

	/* The first chunk that is emptied is the first that is filled. */
	if (!lsh_spares_reserve(&spares, 1))
		return;
	while ((h = lsh_list_pop(list, &spares)) != NULL)
		if (!lsh_list_forgets(h))
			lsh_list_push(&left, h, &spares);
	*list = left;
	lsh_spares_free(&spares);
}
