/* What is in a shared slot is loaded and dropped, or looked at in a read section.  Comparator: case-slot-std.cc.
 *
 * slot: by the thread that owns the object.
 *
 * slot-hot: by any number of threads at once, while the owner sleeps: a configuration that everybody reads.  peek: the
 * same, one peek in a read section of its own.
 */
#include "case.h"
#include "hand.h"

#include <leash/leash.h>

static const leash_type leaf = { .name = "slot leaf", .size = 32 };

/* A slot, and who owns what is in it: each case its own, for two of them may stand on the sides of one measure. */
struct scene {
	leash_slot slot;
	struct hand owner;
};

static struct scene own, hot, peeked;

static void make(void *slot)
{
	leash_slot_store_take(slot, leash_new(&leaf));
}

/* It dies when no read section can look at it; that is not waited for. */
static void drop(void *slot)
{
	leash_slot_clear(slot);
}

static inline void load(const leash_slot *slot, long n)
{
	while (n-- > 0) {
		void *object = leash_slot_load(slot);

		bench_keep(object);
		leash_release(object);
	}
}

static void begin_own(const struct bench_case *self)
{
	(void)self;
	make(&own.slot);
}

static void run_own(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	load(&own.slot, n);
}

static void end_own(const struct bench_case *self)
{
	(void)self;
	drop(&own.slot);
}

const struct bench_case slot_leash = {
	.name = "slot/leash", .begin = begin_own, .run = run_own, .end = end_own,
	.slice = 300000,
};

static void start(struct scene *scene)
{
	hand_start(&scene->owner);
	hand_do(&scene->owner, make, &scene->slot);
	/* As in case-foreign.c: a first deferred decrement, before anybody is bound to a processor. */
	load(&scene->slot, 1);
}

static void stop(struct scene *scene)
{
	hand_do(&scene->owner, drop, &scene->slot);
	hand_stop(&scene->owner);
}

static void begin_hot(const struct bench_case *self)
{
	(void)self;
	start(&hot);
}

static void run_hot(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	load(&hot.slot, n);
}

static void end_hot(const struct bench_case *self)
{
	(void)self;
	stop(&hot);
}

const struct bench_case slot_hot_leash = {
	.name = "slot-hot/leash", .begin = begin_hot, .run = run_hot, .end = end_hot,
	.slice = 150000, .shared = 1,
};

static void begin_peek(const struct bench_case *self)
{
	(void)self;
	start(&peeked);
}

static void run_peek(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		const void *object;

		leash_read_lock();
		object = leash_slot_peek(&peeked.slot);
		bench_keep(object);
		leash_read_unlock();
	}
}

static void end_peek(const struct bench_case *self)
{
	(void)self;
	stop(&peeked);
}

const struct bench_case peek_leash = {
	.name = "peek/leash", .begin = begin_peek, .run = run_peek, .end = end_peek,
	.slice = 300000, .shared = 1,
};
