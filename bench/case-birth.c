/* Birth and death of objects without references, against the bare allocator.
 *
 * birth: one at a time, which an allocator answers from the block it has just been given back.
 * births: a thousand made, then all dropped, in the same order: more than an allocator's shortest list.
 *
 * malloc's side asks for the same number of bytes, header included, and gets them unzeroed, which is
 * to its advantage.
 */
#include "case.h"

#include <leash/leash.h>
#include <stdlib.h>

#define LIVE 1000

#define LEAF(bytes) static const leash_type leaf_##bytes = { .name = "leaf " #bytes, .size = bytes }

LEAF(0);
LEAF(16);
LEAF(32);
LEAF(64);
LEAF(128);
LEAF(256);
LEAF(1024);
LEAF(4096);

static void run_birth_leash(const struct bench_case *self, long n, int thread)
{
	const leash_type *type = self->with;

	(void)thread;
	while (n-- > 0) {
		void *object = leash_new(type);

		bench_keep(object);
		leash_release(object);
	}
}

/* The size comes from outside the type: a string or an array knows it only at run time. */
static void run_birth_extra(const struct bench_case *self, long n, int thread)
{
	const size_t *extra = self->with;

	(void)thread;
	while (n-- > 0) {
		void *object = leash_new_extra(&leaf_0, *extra);

		bench_keep(object);
		leash_release(object);
	}
}

static void run_birth_malloc(const struct bench_case *self, long n, int thread)
{
	const size_t size = *(const size_t *)self->with + sizeof(struct leash__header);

	(void)thread;
	while (n-- > 0) {
		void *block = malloc(size);

		bench_keep(block);
		free(block);
	}
}

static void run_births_leash(const struct bench_case *self, long n, int thread)
{
	static void *objects[LIVE];
	const leash_type *type = self->with;

	(void)thread;
	for (long row; n > 0; n -= row) {
		row = n < LIVE ? n : LIVE;
		for (long i = 0; i < row; i++)
			objects[i] = leash_new(type);
		bench_barrier();
		for (long i = 0; i < row; i++)
			leash_release(objects[i]);
		bench_barrier();
	}
}

static void run_births_malloc(const struct bench_case *self, long n, int thread)
{
	static void *blocks[LIVE];
	const size_t size = *(const size_t *)self->with + sizeof(struct leash__header);

	(void)thread;
	for (long row; n > 0; n -= row) {
		row = n < LIVE ? n : LIVE;
		for (long i = 0; i < row; i++)
			blocks[i] = malloc(size);
		bench_barrier();
		for (long i = 0; i < row; i++)
			free(blocks[i]);
		bench_barrier();
	}
}

static const size_t bytes_16 = 16, bytes_32 = 32, bytes_64 = 64, bytes_128 = 128, bytes_256 = 256,
		    bytes_1024 = 1024, bytes_4096 = 4096;

const struct bench_case birth_leash = {
	.name = "birth/leash/32", .run = run_birth_leash, .with = &leaf_32, .slice = 200000,
};
const struct bench_case birth_malloc = {
	.name = "birth/malloc/32", .run = run_birth_malloc, .with = &bytes_32, .slice = 200000,
};
const struct bench_case births_leash = {
	.name = "births/leash/32", .run = run_births_leash, .with = &leaf_32, .slice = 200 * LIVE,
};
const struct bench_case births_malloc = {
	.name = "births/malloc/32", .run = run_births_malloc, .with = &bytes_32, .slice = 200 * LIVE,
};

#define SIZE(bytes)                                                                                \
	{ .name = "birth/leash/" #bytes, .run = run_birth_leash, .with = &leaf_##bytes,            \
	  .slice = 100000 },                                                                       \
	{ .name = "birth/malloc/" #bytes, .run = run_birth_malloc, .with = &bytes_##bytes,         \
	  .slice = 100000 },                                                                       \
	{ .name = "birth/extra/" #bytes, .run = run_birth_extra, .with = &bytes_##bytes,           \
	  .slice = 100000 }

const struct bench_case birth_sizes[] = {
	SIZE(16), SIZE(32), SIZE(64), SIZE(128), SIZE(256), SIZE(1024), SIZE(4096),
};
const int birth_size_count = sizeof(birth_sizes) / sizeof(birth_sizes[0]);
