/* Blocks of memory from the allocator, and what it says of itself.
 *
 * jemalloc is reached through weak references.  A program that links it (leash.pc does) gets it;
 * one that loads this library late, by dlopen, when jemalloc can no longer be loaded, gets the
 * process's malloc.
 *
 * Bytes are counted here, where memory comes from the allocator and goes back to it, and not where objects are born and
 * die.
 */
#include <jemalloc/jemalloc.h>
#include <stdlib.h>

#include "blocks.h"
#include "heap.h"
#include "points.h"
#include "see/statistics.h"

#pragma weak mallocx
#pragma weak sdallocx
#pragma weak mallctl
#pragma weak mallctlnametomib
#pragma weak mallctlbymib

void *lsh_block_new(size_t bytes)
{
	void *block;

	if (LSH_ALLOCATION_FAILS)
		return NULL;
	if (mallocx && !lsh_heap_is_plain())
		block = mallocx(bytes, MALLOCX_ZERO);
	else
		block = calloc(1, bytes);
	if (block)
		lsh_counters_taken(bytes);
	return block;
}

/* jemalloc's way of giving many at once; how many it gave. */
static size_t ask_for_batch(void **blocks, size_t number, size_t bytes)
{
	struct {
		void **blocks;
		size_t number;
		size_t bytes;
		int flags;
	} request = { blocks, number, bytes, 0 };
	static size_t mib[2];
	static int state; /* 0 unknown, 1 mib is good, -1 not offered */
	size_t filled = 0, length = sizeof(filled);
	int known = __atomic_load_n(&state, __ATOMIC_ACQUIRE);

	if (known == 0) {
		size_t name[2], parts = 2;

		known = mallctlnametomib && mallctlbymib &&
				mallctlnametomib("experimental.batch_alloc", name, &parts) == 0 && parts == 2 ?
				1 : -1;
		if (known == 1) {
			__atomic_store_n(&mib[0], name[0], __ATOMIC_RELAXED);
			__atomic_store_n(&mib[1], name[1], __ATOMIC_RELAXED);
		}
		__atomic_store_n(&state, known, __ATOMIC_RELEASE);
	}
	if (known != 1 || mallctlbymib(mib, 2, &filled, &length, &request, sizeof(request)))
		return 0;
	return filled;
}

size_t lsh_blocks_new(void **blocks, size_t number, size_t bytes)
{
	size_t filled;

	if (LSH_ALLOCATION_FAILS)
		return 0;
	filled = ask_for_batch(blocks, number, bytes);
	while (filled < number) {
		blocks[filled] = mallocx ? mallocx(bytes, 0) : malloc(bytes);
		if (!blocks[filled])
			break;
		filled++;
	}
	lsh_counters_taken(filled * bytes);
	return filled;
}

void lsh_blocks_free(struct leash__header **blocks, size_t number, size_t bytes)
{
	lsh_counters_returned(number * bytes);
	while (number) {
		if (mallocx && !lsh_heap_is_plain())
			sdallocx(blocks[--number], bytes, 0);
		else
			free(blocks[--number]);
	}
}

void lsh_allocator_bytes(uint64_t bytes[4])
{
	static const char *const names[4] = { "stats.allocated", "stats.active", "stats.resident", "stats.mapped" };
	uint64_t epoch = 1;
	size_t number, length;
	int i;

	/* It sums up when it is asked for a new epoch. */
	if (mallctl)
		mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
	for (i = 0; i < 4; i++) {
		length = sizeof(number);
		bytes[i] = mallctl && mallctl(names[i], &number, &length, NULL, 0) == 0 ? number : LSH_ABSENT;
	}
}
