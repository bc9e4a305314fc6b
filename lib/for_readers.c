/* What waits for readers with the finalizer thread, which locks it.
 *
 * There are two of these: one that all add to, and one that the thread has taken and waits with, or frees.  Nothing here needs
 * memory.  Buffers have one link only, for there are many; so each kind of them has its two lists by itself, for the
 * one and for the other.
 */
#include "for_readers.h"
#include "heap.h"
#include "shown.h"

bool lsh_for_readers_any(const struct lsh_for_readers *all)
{
	return all->buffers || all->published || all->leaves || all->asked;
}

void lsh_for_readers_add_buffer(struct lsh_for_readers *all, struct lsh_retired_kind *kind, struct lsh_retired *node)
{
	if (!kind->waiting) {
		kind->next_waiting = all->buffers;
		all->buffers = kind;
	}
	node->next = kind->waiting;
	kind->waiting = node;
}

void lsh_for_readers_add_published(struct lsh_for_readers *all, struct leash__header *h)
{
	lsh_set_link(h, all->published);
	all->published = h;
}

void lsh_for_readers_add_leaves(struct lsh_for_readers *all, struct lsh_leaves *leaves)
{
	*lsh_leaves_next(leaves) = all->leaves;
	all->leaves = leaves;
}

size_t lsh_for_readers_retiring(const struct lsh_for_readers *all)
{
	const struct lsh_retired_kind *kind;
	const struct lsh_retired *node;
	struct lsh_leaves *leaves;
	size_t number = 0;

	for (kind = all->buffers; kind; kind = kind->next_waiting) {
		for (node = kind->waiting; node; node = node->next)
			number++;
	}
	for (leaves = all->leaves; leaves; leaves = *lsh_leaves_next(leaves))
		number += lsh_leaves_count(leaves);
	return number;
}

void lsh_for_readers_take(struct lsh_for_readers *from, struct lsh_for_readers *to)
{
	struct lsh_retired_kind *kind;

	for (kind = from->buffers; kind; kind = kind->next_going) {
		kind->next_going = kind->next_waiting;
		kind->going = kind->waiting;
		kind->waiting = NULL;
	}
	*to = *from;
	*from = (struct lsh_for_readers){ .buffers = NULL };
}

size_t lsh_for_readers_free_buffers(struct lsh_for_readers *all, bool may_go)
{
	struct lsh_retired_kind *kind;
	struct lsh_retired *buffer;
	size_t number = 0;

	for (; (kind = all->buffers) != NULL; all->buffers = kind->next_going) {
		for (; (buffer = kind->going) != NULL; number++) {
			__atomic_store_n(&kind->going, buffer->next, __ATOMIC_RELEASE);
			if (may_go)
				kind->free_fn(buffer);
		}
	}
	return number;
}

size_t lsh_for_readers_free_leaves(struct lsh_for_readers *all, bool may_go)
{
	struct lsh_leaves *leaves;
	size_t number = 0;

	while ((leaves = all->leaves) != NULL) {
		__atomic_store_n(&all->leaves, *lsh_leaves_next(leaves), __ATOMIC_RELEASE);
		number += lsh_leaves_count(leaves);
		lsh_leaves_free(leaves, may_go);
	}
	return number;
}

void lsh_for_readers_put_back(struct lsh_for_readers *from, struct lsh_for_readers *to)
{
	struct lsh_retired_kind *kind;
	struct lsh_retired *buffer;
	struct leash__header *h;
	struct lsh_leaves *leaves;

	for (kind = from->buffers; kind; kind = kind->next_going) {
		while ((buffer = kind->going) != NULL) {
			kind->going = buffer->next;
			lsh_for_readers_add_buffer(to, kind, buffer);
		}
	}
	while ((h = from->published) != NULL) {
		from->published = lsh_link(h);
		lsh_for_readers_add_published(to, h);
	}
	while ((leaves = from->leaves) != NULL) {
		from->leaves = *lsh_leaves_next(leaves);
		lsh_for_readers_add_leaves(to, leaves);
	}
	*from = (struct lsh_for_readers){ .buffers = NULL };
}
