/* Arrays that grow without being copied, so that a round's peak of memory is what it uses: see array.c. */
#ifndef LSH_ARRAY_H
#define LSH_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised: empty.  `data` moves when it grows.  New bytes are 0 once. */
struct lsh_array {
	void *data;
	size_t bytes; /* usable */
};

/* Makes room for that many bytes at least; false when there is no memory, and then nothing has changed. */
bool lsh_array_grow(struct lsh_array *array, size_t bytes);
static inline bool lsh_array_reserve(struct lsh_array *array, size_t bytes)
{
	return bytes <= array->bytes || lsh_array_grow(array, bytes);
}
void lsh_array_free(struct lsh_array *array);

/* The same, if it is large or `all`; another use finds its bytes as they were. */
void lsh_array_spare(struct lsh_array *array, bool all);

/* All of them together, now. */
size_t lsh_array_total(void);

#endif
