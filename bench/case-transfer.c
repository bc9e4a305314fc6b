/* Objects that change threads: made here, dropped there.
 *
 * handoff: one thread makes 10,000 objects and hands each off, the other wakes up and drops them; then
 * the next 10,000.  transfer is the same without the call of leash_handoff().  chain: a list of a
 * million nodes dropped by its builder, or by a thread that has built none of it.
 *
 * All are timed until the last object has died, wherever the library does the work: each timed
 * stretch ends with leash_shutdown(), which applies everything deferred and counts the living.
 */
#include "case.h"
#include "hand.h"
#include "naive.h"

#include <leash/leash.h>
#include <stdio.h>

#define PHASE 10000
#define CHAIN 1000000

static const leash_type leaf = { .name = "leaf", .size = 32 };
static const struct naive_type naive_leaf = { .size = 32 };

static struct hand dropper;
static int dropper_users;

struct parcel {
	void *objects[PHASE];
	long count;
};

static struct parcel parcel;

static void begin_transfer(const struct bench_case *self)
{
	(void)self;
	if (dropper_users++ == 0)
		hand_start(&dropper);
}

static void end_transfer(const struct bench_case *self)
{
	(void)self;
	if (--dropper_users == 0)
		hand_stop(&dropper);
}

static void until_all_have_died(void)
{
	long alive = leash_shutdown();

	if (alive != 0) {
		fprintf(stderr, "bench: leash_shutdown() returned %ld, nothing should be alive\n", alive);
		exit(1);
	}
}

static void drop_leash(void *arg)
{
	struct parcel *p = arg;

	for (long i = 0; i < p->count; i++)
		leash_release(p->objects[i]);
}

static void run_handoff_leash(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (; n > 0; n -= parcel.count) {
		parcel.count = n < PHASE ? n : PHASE;
		for (long i = 0; i < parcel.count; i++) {
			void *object = leash_new(&leaf);

			parcel.objects[i] = object;
			leash_handoff(object);
		}
		hand_do(&dropper, drop_leash, &parcel);
	}
	until_all_have_died();
}

static void run_transfer_leash(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (; n > 0; n -= parcel.count) {
		parcel.count = n < PHASE ? n : PHASE;
		for (long i = 0; i < parcel.count; i++)
			parcel.objects[i] = leash_new(&leaf);
		hand_do(&dropper, drop_leash, &parcel);
	}
	until_all_have_died();
}

static void drop_naive(void *arg)
{
	struct parcel *p = arg;

	for (long i = 0; i < p->count; i++)
		naive_release(p->objects[i]);
}

static void run_handoff_naive(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (; n > 0; n -= parcel.count) {
		parcel.count = n < PHASE ? n : PHASE;
		for (long i = 0; i < parcel.count; i++)
			parcel.objects[i] = naive_new(&naive_leaf);
		hand_do(&dropper, drop_naive, &parcel);
	}
}

const struct bench_case handoff_leash = {
	.name = "handoff/leash", .begin = begin_transfer, .run = run_handoff_leash,
	.end = end_transfer, .slice = 50 * PHASE,
};
const struct bench_case transfer_leash = {
	.name = "transfer/leash", .begin = begin_transfer, .run = run_transfer_leash,
	.end = end_transfer, .slice = 50 * PHASE,
};
const struct bench_case handoff_naive = {
	.name = "handoff/naive", .begin = begin_transfer, .run = run_handoff_naive,
	.end = end_transfer, .slice = 50 * PHASE,
};

/* What the two calls cost by themselves: one thread hands its object to nobody and takes it back. */

static void *homeless;

static void begin_adopt(const struct bench_case *self)
{
	(void)self;
	homeless = leash_new(&leaf);
}

static void run_adopt(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		leash_handoff(homeless);
		(void)leash_adopt(homeless);
	}
}

static void end_adopt(const struct bench_case *self)
{
	(void)self;
	leash_clear(&homeless);
}

const struct bench_case adopt_leash = {
	.name = "adopt/leash", .begin = begin_adopt, .run = run_adopt, .end = end_adopt,
	.slice = 100000,
};

struct node {
	struct node *next;
	long value;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static struct node *chain;

static void build_chain(void *arg)
{
	for (long n = *(long *)arg; n > 0; n--) {
		struct node *node = leash_new(&node_type);

		node->value = n;
		leash_set_take(&node->next, chain);
		chain = node;
	}
}

static void build_here(const struct bench_case *self, long n)
{
	(void)self;
	build_chain(&n);
}

static void build_there(const struct bench_case *self, long n)
{
	(void)self;
	hand_do(&dropper, build_chain, &n);
}

static void drop_chain(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)n, (void)thread;
	leash_clear(&chain);
	until_all_have_died();
}

const struct bench_case chain_builder = {
	.name = "chain/builder", .begin = begin_transfer, .prepare = build_here, .run = drop_chain,
	.end = end_transfer, .slice = CHAIN, .exact = 1,
};
const struct bench_case chain_foreign = {
	.name = "chain/foreign", .begin = begin_transfer, .prepare = build_there, .run = drop_chain,
	.end = end_transfer, .slice = CHAIN, .exact = 1,
};
