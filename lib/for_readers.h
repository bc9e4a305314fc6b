/* What waits for readers with the finalizer thread: see for_readers.c. */
#ifndef LSH_FOR_READERS_H
#define LSH_FOR_READERS_H

#include <stdbool.h>
#include <stddef.h>
#include <leash/abi.h>
#include "finalizers.h"

struct lsh_for_readers {
	struct lsh_retired_kind *buffers; /* that have some */
	struct leash__header *published;  /* linked through their headers */
	struct lsh_leaves *leaves;
	bool asked;                       /* somebody else has something (readers.h) */
};

bool lsh_for_readers_any(const struct lsh_for_readers *all);

void lsh_for_readers_add_buffer(struct lsh_for_readers *all, struct lsh_retired_kind *kind, struct lsh_retired *node);
void lsh_for_readers_add_published(struct lsh_for_readers *all, struct leash__header *h);
void lsh_for_readers_add_leaves(struct lsh_for_readers *all, struct lsh_leaves *leaves);

/* How many buffers and leaves there are. */
size_t lsh_for_readers_retiring(const struct lsh_for_readers *all);

/* All that is in one goes to the other, which is empty, and has to be again the next time. */
void lsh_for_readers_take(struct lsh_for_readers *from, struct lsh_for_readers *to);

/* Frees the buffers, or the leaves, of one that was taken to, or if they may not go only forgets them; how many they were.  The
 * child of a fork may find it at any step: what a function is about to free is no longer in it. */
size_t lsh_for_readers_free_buffers(struct lsh_for_readers *all, bool may_go);
size_t lsh_for_readers_free_leaves(struct lsh_for_readers *all, bool may_go);

/* Adds all that is left in one that was taken to. */
void lsh_for_readers_put_back(struct lsh_for_readers *from, struct lsh_for_readers *to);

#endif
