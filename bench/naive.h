/* The comparator: reference counting as everybody writes it, one atomic counter an object.
 *
 * Inlined like the library's own fast path, with the weakest memory orders that are right, the same
 * 16 bytes in front of the payload, a type with a hook at death, and memory from malloc.
 */
#ifndef BENCH_NAIVE_H
#define BENCH_NAIVE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct naive_type {
	size_t size;
	void (*destroy)(void *object);
};

struct naive_header {
	size_t count;
	const struct naive_type *type;
};

static inline struct naive_header *naive_header_of(const void *object)
{
	return (struct naive_header *)(uintptr_t)object - 1;
}

/* Zeroed, like leash_new(); a size known to the compiler costs two or three stores. */
static inline void *naive_new(const struct naive_type *type)
{
	struct naive_header *h = (struct naive_header *)malloc(sizeof(*h) + type->size);

	if (h == NULL)
		return NULL;
	h->count = 1;
	h->type = type;
	return memset(h + 1, 0, type->size);
}

static inline void *naive_retain(void *object)
{
	__atomic_fetch_add(&naive_header_of(object)->count, 1, __ATOMIC_RELAXED);
	return object;
}

static inline void naive_release(void *object)
{
	struct naive_header *h = naive_header_of(object);

	if (__builtin_expect(__atomic_sub_fetch(&h->count, 1, __ATOMIC_ACQ_REL) == 0, 0)) {
		if (h->type->destroy != NULL)
			h->type->destroy(object);
		free(h);
	}
}

/* Like leash_set(): the field holds a new reference, the old one is released. */
static inline void naive_set(void **field, void *object)
{
	void *old = __atomic_load_n(field, __ATOMIC_RELAXED);

	if (object != NULL)
		naive_retain(object);
	__atomic_store_n(field, object, __ATOMIC_RELEASE);
	if (old != NULL)
		naive_release(old);
}

#endif
