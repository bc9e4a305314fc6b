/* The physical limit: a counter that only one thread may use, counted without any atomics.
 */
#ifndef BENCH_PLAIN_H
#define BENCH_PLAIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct plain_header {
	size_t count;
	size_t reserved; /* the payload is 16-byte aligned, as on the other sides */
};

static inline struct plain_header *plain_header_of(const void *object)
{
	return (struct plain_header *)(uintptr_t)object - 1;
}

static inline void *plain_new(size_t size)
{
	struct plain_header *h = (struct plain_header *)calloc(1, sizeof(*h) + size);

	if (h == NULL)
		return NULL;
	h->count = 1;
	return h + 1;
}

static inline void *plain_retain(void *object)
{
	plain_header_of(object)->count++;
	return object;
}

static inline void plain_release(void *object)
{
	struct plain_header *h = plain_header_of(object);

	if (__builtin_expect(--h->count == 0, 0))
		free(h);
}

#endif
