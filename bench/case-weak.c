/* A weak reference is loaded, and what it gave is dropped.  Comparators: case-weak-std.cc, case-weak-glib.c.
 *
 * weak: by the thread that owns the objects, 64 of them in turn (pool.h).
 *
 * weak-hot: one weak reference to one object that another, sleeping thread owns, by any number of threads at once.
 */
#include "case.h"
#include "hand.h"
#include "pool.h"

#include <leash/leash.h>

static const leash_type leaf = { .name = "weak leaf", .size = 32, .flags = LEASH_WEAKABLE };

static struct pool pool;
static leash_weak row[OBJECTS];

static void begin(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		pool.all[i] = leash_new(&leaf);
}

static void clear_row(void)
{
	for (int i = 0; i < OBJECTS; i++)
		leash_weak_clear(&row[i]);
}

static void prepare(const struct bench_case *self, long n)
{
	(void)self, (void)n;
	draw(&pool);
	clear_row();
	for (int i = 0; i < OBJECTS; i++)
		leash_weak_init(&row[i], pool.row[i]);
}

static void run(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (long i = 0; i < n; i++) {
		void *object = leash_weak_load(&row[i % OBJECTS]);

		bench_keep(object);
		leash_release(object);
	}
}

static void end(const struct bench_case *self)
{
	(void)self;
	clear_row();
	for (int i = 0; i < POOL; i++)
		leash_clear(&pool.all[i]);
}

const struct bench_case weak_leash = {
	.name = "weak/leash", .begin = begin, .prepare = prepare, .run = run, .end = end,
	.slice = 300000,
};

static struct hand owner;
static void *hot;
static leash_weak hot_weak;

static void make_hot(void *arg)
{
	(void)arg;
	hot = leash_new(&leaf);
	leash_weak_init(&hot_weak, hot);
}

static void drop_hot(void *arg)
{
	(void)arg;
	leash_weak_clear(&hot_weak);
	leash_clear(&hot);
}

static void begin_hot(const struct bench_case *self)
{
	(void)self;
	hand_start(&owner);
	hand_do(&owner, make_hot, NULL);
	/* As in case-foreign.c: a first deferred decrement, before anybody is bound to a processor. */
	leash_release(leash_retain(hot));
}

static void run_hot(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		void *object = leash_weak_load(&hot_weak);

		bench_keep(object);
		leash_release(object);
	}
}

static void end_hot(const struct bench_case *self)
{
	(void)self;
	hand_do(&owner, drop_hot, NULL);
	hand_stop(&owner);
}

const struct bench_case weak_hot_leash = {
	.name = "weak-hot/leash", .begin = begin_hot, .run = run_hot, .end = end_hot,
	.slice = 150000, .shared = 1,
};
