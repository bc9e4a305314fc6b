/* Objects that another, sleeping thread owns: many of them at random, and one that everybody uses.
 *
 * cold: retain and release of an object picked at random among 65,536, on one thread.  A thread that
 * does not own an object saves its atomics by taking back what it has deferred; here it never can,
 * so this is the library's worst case.
 *
 * hot: retain and release of one object by any number of threads at once.  hot/private is the same
 * loop on a plain counter of each thread's own: what the machine itself loses with more threads.
 */
#include "case.h"
#include "hand.h"
#include "naive.h"
#include "plain.h"

#include <leash/leash.h>

#define COLD 65536

static const leash_type leaf = { .name = "leaf", .size = 32 };
static const struct naive_type naive_leaf = { .size = 32 };

static struct hand cold_owner, hot_owner;
static void *cold_leash_objects[COLD], *cold_naive_objects[COLD];

/* A linear congruential generator, its top 16 bits: a multiplication and an addition, not to hide
 * the cost of the counting. */
#define COLD_PAIRS(objects, retain, release)                                                       \
	do {                                                                                       \
		static uint64_t random = 1;                                                        \
		uint64_t r = random;                                                               \
		while (n-- > 0) {                                                                  \
			void *object = objects[r >> 48];                                           \
			(void)retain(object);                                                      \
			bench_barrier();                                                           \
			release(object);                                                           \
			bench_barrier();                                                           \
			r = r * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);     \
		}                                                                                  \
		random = r;                                                                        \
	} while (0)

static void make_cold(void *arg)
{
	(void)arg;
	for (int i = 0; i < COLD; i++)
		cold_leash_objects[i] = leash_new(&leaf);
}

static void drop_cold(void *arg)
{
	(void)arg;
	for (int i = 0; i < COLD; i++)
		leash_clear(&cold_leash_objects[i]);
}

static void begin_cold_leash(const struct bench_case *self)
{
	(void)self;
	hand_start(&cold_owner);
	hand_do(&cold_owner, make_cold, NULL);
}

static void run_cold_leash(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	COLD_PAIRS(cold_leash_objects, leash_retain, leash_release);
}

static void end_cold_leash(const struct bench_case *self)
{
	(void)self;
	leash_flush();
	hand_do(&cold_owner, drop_cold, NULL);
	hand_stop(&cold_owner);
}

static void begin_cold_naive(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < COLD; i++)
		cold_naive_objects[i] = naive_new(&naive_leaf);
}

static void run_cold_naive(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	COLD_PAIRS(cold_naive_objects, naive_retain, naive_release);
}

static void end_cold_naive(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < COLD; i++)
		naive_release(cold_naive_objects[i]);
}

const struct bench_case cold_leash = {
	.name = "cold/leash", .begin = begin_cold_leash, .run = run_cold_leash, .end = end_cold_leash,
	.slice = 200000,
};
const struct bench_case cold_naive = {
	.name = "cold/naive", .begin = begin_cold_naive, .run = run_cold_naive, .end = end_cold_naive,
	.slice = 200000,
};

/* Slices of half a millisecond: on a busy machine longer ones are rarely left alone. */
#define HOT_PAIRS(object, retain, release)                                                         \
	while (n-- > 0) {                                                                          \
		(void)retain(object);                                                              \
		bench_barrier();                                                                   \
		release(object);                                                                   \
		bench_barrier();                                                                   \
	}

static void *hot_leash_object, *hot_naive_object, *hot_private_objects[BENCH_MAX_THREADS];

static void make_hot(void *arg)
{
	(void)arg;
	hot_leash_object = leash_new(&leaf);
}

static void drop_hot(void *arg)
{
	(void)arg;
	leash_clear(&hot_leash_object);
}

static void begin_hot_leash(const struct bench_case *self)
{
	(void)self;
	hand_start(&hot_owner);
	hand_do(&hot_owner, make_hot, NULL);
	/* A first deferred decrement, for which the library may start its thread: here, and not where the
	 * new thread would inherit a caller's bond to one processor. */
	leash_release(leash_retain(hot_leash_object));
}

static void run_hot_leash(const struct bench_case *self, long n, int thread)
{
	void *object = hot_leash_object;

	(void)self, (void)thread;
	HOT_PAIRS(object, leash_retain, leash_release);
}

static void end_hot_leash(const struct bench_case *self)
{
	(void)self;
	hand_do(&hot_owner, drop_hot, NULL);
	hand_stop(&hot_owner);
}

static void begin_hot_naive(const struct bench_case *self)
{
	(void)self;
	hot_naive_object = naive_new(&naive_leaf);
}

static void run_hot_naive(const struct bench_case *self, long n, int thread)
{
	void *object = hot_naive_object;

	(void)self, (void)thread;
	HOT_PAIRS(object, naive_retain, naive_release);
}

static void end_hot_naive(const struct bench_case *self)
{
	(void)self;
	naive_release(hot_naive_object);
}

/* Far apart: no two in one cache line, nor in neighbouring ones that are fetched together. */
static void begin_hot_private(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < BENCH_MAX_THREADS; i++)
		hot_private_objects[i] = plain_new(496);
}

static void run_hot_private(const struct bench_case *self, long n, int thread)
{
	void *object = hot_private_objects[thread];

	(void)self;
	HOT_PAIRS(object, plain_retain, plain_release);
}

static void end_hot_private(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < BENCH_MAX_THREADS; i++)
		plain_release(hot_private_objects[i]);
}

const struct bench_case hot_leash = {
	.name = "hot/leash", .begin = begin_hot_leash, .run = run_hot_leash, .end = end_hot_leash,
	.slice = 150000, .shared = 1,
};
const struct bench_case hot_naive = {
	.name = "hot/naive", .begin = begin_hot_naive, .run = run_hot_naive, .end = end_hot_naive,
	.slice = 30000, .shared = 1,
};
const struct bench_case hot_private = {
	.name = "hot/private", .begin = begin_hot_private, .run = run_hot_private,
	.end = end_hot_private, .slice = 500000, .shared = 1,
};
