/* Arrays that grow without being copied.
 *
 * A round's arrays grow with what it finds, up to hundreds of megabytes.  realloc() of a block of that size
 * copies, or needs old and new at once; mremap(2) moves the pages.  Small ones are blocks of the
 * process's malloc.
 *
 * Pages that one thread gives back the next one may get.  ThreadSanitizer does not see mremap(2) do that, and is told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../points.h"
#include "../track.h"
#include "array.h"

#define SMALL 65536
#define LARGE (4u << 20)
#define WORTH_KEEPING (1u << 20)

static size_t total;

size_t lsh_array_total(void)
{
	return __atomic_load_n(&total, __ATOMIC_RELAXED);
}

/* Large pages: a round touches each byte of its arrays once or twice, and the first time is the dearest. */
static void *in_large_pages(void *data, size_t bytes)
{
	if (data && bytes >= LARGE)
		madvise(data, bytes, MADV_HUGEPAGE);
	return data;
}

static void *map(size_t bytes)
{
	void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return data == MAP_FAILED ? NULL : in_large_pages(data, bytes);
}

static void *grown(const struct lsh_array *array, size_t bytes)
{
	void *data;

	if (bytes <= SMALL) {
		data = realloc(array->data, bytes);
		if (data)
			memset((char *)data + array->bytes, 0, bytes - array->bytes);
		return data;
	}
	if (array->bytes > SMALL) {
		LSH_RELEASE(&total);
		data = mremap(array->data, array->bytes, bytes, MREMAP_MAYMOVE);
		LSH_ACQUIRE(&total);
		return data == MAP_FAILED ? NULL : in_large_pages(data, bytes);
	}
	data = map(bytes);
	if (data && array->bytes) {
		memcpy(data, array->data, array->bytes);
		free(array->data);
	}
	return data;
}

bool lsh_array_grow(struct lsh_array *array, size_t bytes)
{
	size_t room = array->bytes + array->bytes / 2;
	void *data;

	if (room < bytes)
		room = bytes;
	room = room <= SMALL ? (room + 1023) & ~(size_t)1023 : (room + 65535) & ~(size_t)65535;
	data = LSH_ALLOCATION_FAILS ? NULL : grown(array, room);
	if (!data)
		return false;
	__atomic_fetch_add(&total, room - array->bytes, __ATOMIC_RELAXED);
	array->data = data;
	array->bytes = room;
	return true;
}

void lsh_array_spare(struct lsh_array *array, bool all)
{
	if (all || array->bytes > WORTH_KEEPING)
		lsh_array_free(array);
}

void lsh_array_free(struct lsh_array *array)
{
	LSH_RELEASE(&total);
	if (array->bytes > SMALL)
		munmap(array->data, array->bytes);
	else
		free(array->data);
	__atomic_fetch_sub(&total, array->bytes, __ATOMIC_RELAXED);
	*array = (struct lsh_array){ .data = NULL };
}
