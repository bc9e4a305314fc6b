/* Lists of objects: what the collector remembers from round to round, and within one.  They are made of the chunks of
 * which logs are made, so that what is read from a log finds room in a list without new memory. */
#ifndef LSH_LIST_H
#define LSH_LIST_H

#include <leash/abi.h>
#include "suspects.h"

struct lsh_list {
	struct lsh_chunk *head; /* the one that has room, if any has */
	size_t count;           /* entries, those struck out included */
};

/* Chunks that are free: what is left of what was read. */
struct lsh_spares {
	struct lsh_chunk *chunks;
};

/* So many chunks at least; false without memory.  Each list needs one beyond what it takes over from others. */
bool lsh_spares_reserve(struct lsh_spares *spares, unsigned number);
void lsh_spares_free(struct lsh_spares *spares);

static inline void lsh_spares_give(struct lsh_spares *spares, struct lsh_chunk *chunk)
{
	chunk->next = spares->chunks;
	spares->chunks = chunk;
}

/* A spare chunk must be there for it. */
void lsh_list_push(struct lsh_list *list, struct leash__header *h, struct lsh_spares *spares);

/* Takes the last one out; NULL when there is none. */
struct leash__header *lsh_list_pop(struct lsh_list *list, struct lsh_spares *spares);

/* Whether the object of an entry is dead; then the entry is to go, and the object's memory goes with it if it waits for that
 * only.  One that a finalizer brings back at this moment is dead no more, and keeps its entry. */
bool lsh_list_forgets(struct leash__header *h);

/* Takes out the dead, and frees the memory of those that are destroyed already. */
void lsh_list_scrub(struct lsh_list *list);

#endif
