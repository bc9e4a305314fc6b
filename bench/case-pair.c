/* Retain and release by the owner: the common case, and what a field costs.
 *
 * 64 objects are retained one after the other, then all released: a processor can overlap neighbours,
 * as it can in a program, but no counter is its own next neighbour, where only the latency of one
 * store would be seen (pool.h).
 */
#include "case.h"
#include "naive.h"
#include "plain.h"
#include "pool.h"

#include <leash/leash.h>

static const leash_type leaf = { .name = "leaf", .size = 32 };
static const struct naive_type naive_leaf = { .size = 32 };

static struct pool leash_pool, naive_pool, plain_pool;

/* n pairs: whole rows of objects, then what is left. */
#define PAIRS(objects, retain, release)                                                            \
	do {                                                                                       \
		for (long row; n > 0; n -= row) {                                                  \
			row = n < OBJECTS ? n : OBJECTS;                                           \
			for (long i = 0; i < row; i++)                                             \
				(void)retain(objects[i]);                                          \
			bench_barrier();                                                           \
			for (long i = 0; i < row; i++)                                             \
				release(objects[i]);                                               \
			bench_barrier();                                                           \
		}                                                                                  \
	} while (0)

static void begin_leash(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		leash_pool.all[i] = leash_new(&leaf);
}

static void draw_leash(const struct bench_case *self, long n)
{
	(void)self, (void)n;
	draw(&leash_pool);
}

static void run_leash(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	PAIRS(leash_pool.row, leash_retain, leash_release);
}

static void end_leash(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		leash_clear(&leash_pool.all[i]);
}

static void begin_naive(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		naive_pool.all[i] = naive_new(&naive_leaf);
}

static void draw_naive(const struct bench_case *self, long n)
{
	(void)self, (void)n;
	draw(&naive_pool);
}

static void run_naive(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	PAIRS(naive_pool.row, naive_retain, naive_release);
}

static void end_naive(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		naive_release(naive_pool.all[i]);
}

static void begin_plain(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		plain_pool.all[i] = plain_new(32);
}

static void draw_plain(const struct bench_case *self, long n)
{
	(void)self, (void)n;
	draw(&plain_pool);
}

static void run_plain(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	PAIRS(plain_pool.row, plain_retain, plain_release);
}

static void end_plain(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		plain_release(plain_pool.all[i]);
}

const struct bench_case pair_leash = {
	.name = "pair/leash", .begin = begin_leash, .prepare = draw_leash,
	.run = run_leash, .end = end_leash,
	.slice = 10000 * OBJECTS,
};
const struct bench_case pair_naive = {
	.name = "pair/naive", .begin = begin_naive, .prepare = draw_naive,
	.run = run_naive, .end = end_naive,
	.slice = 10000 * OBJECTS,
};
const struct bench_case pair_plain = {
	.name = "pair/plain", .begin = begin_plain, .prepare = draw_plain,
	.run = run_plain, .end = end_plain,
	.slice = 10000 * OBJECTS,
};

/* A field set to another object: one retain, one release, a store. */

static void *leash_holder, *naive_holder;

static void run_leash_set(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (long i = 0; i < n; i++)
		leash_set(&leash_holder, leash_pool.row[i % OBJECTS]);
	leash_clear(&leash_holder);
}

static void run_naive_set(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (long i = 0; i < n; i++)
		naive_set(&naive_holder, naive_pool.row[i % OBJECTS]);
	naive_set(&naive_holder, NULL);
}

const struct bench_case set_leash = {
	.name = "set/leash", .begin = begin_leash, .prepare = draw_leash,
	.run = run_leash_set, .end = end_leash,
	.slice = 10000 * OBJECTS,
};
const struct bench_case set_naive = {
	.name = "set/naive", .begin = begin_naive, .prepare = draw_naive,
	.run = run_naive_set, .end = end_naive,
	.slice = 10000 * OBJECTS,
};
