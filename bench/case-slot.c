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

static leash_slot slot;

static void make(void *arg)
{
	(void)arg;
	leash_slot_store_take(&slot, leash_new(&leaf));
}

/* It dies when no read section can look at it; that is not waited for. */
static void drop(void *arg)
{
	(void)arg;
	leash_slot_clear(&slot);
}

static void begin(const struct bench_case *self)
{
	(void)self;
	make(NULL);
}

static void run(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		void *object = leash_slot_load(&slot);

		bench_keep(object);
		leash_release(object);
	}
}

static void run_peek(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		const void *object;

		leash_read_lock();
		object = leash_slot_peek(&slot);
		bench_keep(object);
		leash_read_unlock();
	}
}

static void end(const struct bench_case *self)
{
	(void)self;
	drop(NULL);
}

const struct bench_case slot_leash = {
	.name = "slot/leash", .begin = begin, .run = run, .end = end,
	.slice = 300000,
};

static struct hand owner;

static void begin_hot(const struct bench_case *self)
{
	void *object;

	(void)self;
	hand_start(&owner);
	hand_do(&owner, make, NULL);
	/* As in case-foreign.c: a first deferred decrement, before anybody is bound to a processor. */
	object = leash_slot_load(&slot);
	leash_release(object);
}

static void end_hot(const struct bench_case *self)
{
	(void)self;
	hand_do(&owner, drop, NULL);
	hand_stop(&owner);
}

const struct bench_case slot_hot_leash = {
	.name = "slot-hot/leash", .begin = begin_hot, .run = run, .end = end_hot,
	.slice = 150000, .shared = 1,
};
const struct bench_case peek_leash = {
	.name = "peek/leash", .begin = begin_hot, .run = run_peek, .end = end_hot,
	.slice = 300000, .shared = 1,
};
