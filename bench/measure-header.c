/* The bytes in front of a leaf's payload, as the header has them and as the allocator sees them.
 *
 * A payload of 32 bytes and a header of 16 fill one of jemalloc's size classes exactly, so any
 * hidden word would show as a larger block.
 */
#include "measure.h"

#include <leash/leash.h>
#include <stdint.h>
#include <stdio.h>

#define OBJECTS 100000
#define PAYLOAD 32

static const leash_type leaf = { .name = "leaf", .size = PAYLOAD };

/* jemalloc's; absent when the program was built without it. */
int mallctl(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size)
	__attribute__((weak));

static uint64_t allocated(void)
{
	uint64_t bytes = 0;
	size_t size = sizeof(bytes);

	if (mallctl != NULL && mallctl("thread.allocated", &bytes, &size, NULL, 0) != 0)
		bytes = 0;
	return bytes;
}

bool measure_header(int repetitions, struct outcome *outcome)
{
	static void *objects[2 * OBJECTS];
	uint64_t bytes = 0;

	(void)repetitions;
	/* The first use up the free blocks that the library still has. */
	for (int i = 0; i < 2 * OBJECTS; i++) {
		if (i == OBJECTS)
			bytes = allocated();
		objects[i] = leash_new(&leaf);
	}
	bytes = allocated() - bytes;
	for (int i = 0; i < 2 * OBJECTS; i++)
		leash_clear(&objects[i]);
	outcome->ratio = sizeof(struct leash__header);
	if (bytes == 0) {
		fprintf(stderr, "ratios: header_bytes: no jemalloc, the size of blocks was not checked\n");
		snprintf(outcome->detail, sizeof(outcome->detail), "bytes, by sizeof alone");
	} else {
		snprintf(outcome->detail, sizeof(outcome->detail),
			 "bytes; %d leaves of %d bytes took %.0f bytes each from jemalloc", OBJECTS, PAYLOAD,
			 (double)bytes / OBJECTS);
	}
	return true;
}
