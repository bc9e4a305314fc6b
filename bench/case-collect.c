/* Collections of heaps of every size, to see whether the cost of an object grows with their number.
 *
 * garbage: so many objects in pairs, built, dropped and collected; the cost of all three.
 * ring: so many live objects, each of which reaches all others, looked at because one of them has lost a
 * reference; the cost of looking at one.
 *
 * Small heaps are repeated until a million objects, or the ten of the largest, have been seen.
 */
#include "case.h"
#include "pairs.h"
#include "ring.h"

#include <leash/leash.h>

static struct ring *ring;

static void begin_garbage(const struct bench_case *self)
{
	(void)self;
	leash_gc_disable();
}

static void run_garbage(const struct bench_case *self, long n, int thread)
{
	const long size = *(const long *)self->with;

	(void)thread;
	for (; n > 0; n -= size) {
		pairs_drop(size);
		leash_collect(2);
	}
}

static void end_garbage(const struct bench_case *self)
{
	(void)self;
	leash_collect(2);
	leash_gc_enable();
}

static void begin_ring(const struct bench_case *self)
{
	leash_gc_disable();
	ring = ring_new(*(const long *)self->with);
	leash_collect(2);
}

static void run_ring(const struct bench_case *self, long n, int thread)
{
	const long size = *(const long *)self->with;

	(void)thread;
	for (; n > 0; n -= size) {
		leash_release(leash_retain(ring));
		leash_collect(2);
	}
}

static void end_ring(const struct bench_case *self)
{
	(void)self;
	ring_drop(ring);
	leash_gc_enable();
}

static const long size_1000 = 1000, size_10000 = 10000, size_100000 = 100000, size_1000000 = 1000000,
		  size_10000000 = 10000000;

#define GARBAGE(objects, all)                                                                      \
	{ .name = "garbage/leash/" #objects, .begin = begin_garbage, .run = run_garbage,           \
	  .end = end_garbage, .with = &size_##objects, .slice = all, .exact = 1 }
#define RING(objects, all)                                                                         \
	{ .name = "ring/leash/" #objects, .begin = begin_ring, .run = run_ring, .end = end_ring,   \
	  .with = &size_##objects, .slice = all, .exact = 1 }

const struct bench_case collect_sizes[] = {
	GARBAGE(1000, 1000000),    GARBAGE(10000, 1000000),     GARBAGE(100000, 1000000),
	GARBAGE(1000000, 1000000), GARBAGE(10000000, 10000000), RING(1000, 1000000),
	RING(10000, 1000000),      RING(100000, 1000000),       RING(1000000, 1000000),
	RING(10000000, 10000000),
};
const int collect_size_count = sizeof(collect_sizes) / sizeof(collect_sizes[0]);
