/* The library's threads by their names, and how often they wake up: not for each leaf that a slot gives up, nor for each buffer that
 * waits for readers. */
#include <leash/leash.h>
#include <time.h>
#include "../lib/collect/collector.h"
#include "tap.h"
#include "tasks.h"
#include "threads.h"
#include "wait.h"

#define NODES  5000
#define STORES 300000

struct node {
	struct node *next;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};
static const leash_type leaf_type = { .name = "leaf", .size = 16 };

static leash_slot slot;

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static struct node *nodes[NODES];

static void names(void)
{
	elsewhere(drop, leash_new(&node_type));
	leash_retire(malloc(1), free);
	for (int i = 0; i < NODES; i++)
		nodes[i] = leash_new(&node_type);
	eventually(task_sleeps("leash-deferred") >= 0, "one thread takes over what was deferred, and says so");
	eventually(task_sleeps("leash-final") >= 0, "one is for hooks and for readers");
	eventually(task_sleeps("leash-collect") >= 0, "one collects");
	eventually(__atomic_load_n(&lsh_collector_hungry, __ATOMIC_RELAXED), "there is nothing that it could collect");
}

static struct node *pair;
static struct baton baton = BATON;

/* A cycle that no log knows any more. */
static void make_pair(void)
{
	pair = leash_new(&node_type);
	leash_set_take(&pair->next, leash_new(&node_type));
	leash_set(&pair->next->next, pair);
	is_int(leash_collect(2), 0, "a pair lives");
}

/* Gives up its last reference from outside, which its owner counted: that takes a revocation. */
static void *let_go(void *unused)
{
	leash_release(pair);
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	return unused;
}

static uint64_t rounds(void)
{
	leash_gc_stats_t stats;

	leash_gc_stats(&stats);
	return stats.generation[0].collections;
}

static void background(void)
{
	uint64_t before = rounds();
	pthread_t thread = thread_start(let_go, NULL);

	baton_await(&baton, 1);
	eventually(rounds() > before, "a suspect that only the background thread knows of wakes the collector");
	baton_pass(&baton, 2);
	thread_end(thread);
}

static void leaves(void)
{
	long before = task_sleeps("leash-collect"), sleeps;

	for (int i = 0; i < STORES; i++)
		leash_slot_store_take(&slot, leash_new(&leaf_type));
	leash_slot_clear(&slot);
	sleeps = task_sleeps("leash-collect") - before;
	ok(sleeps < 100, "%d leaves in a slot do not wake the collector (%ld times)", STORES, sleeps);
	ok(__atomic_load_n(&lsh_collector_hungry, __ATOMIC_RELAXED), "which still waits for a suspect");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void buffers(void)
{
	long before = task_sleeps("leash-final"), sleeps, number = 0;
	double began = now(), seconds;

	for (; now() < began + 0.5; number++) {
		leash_retire(malloc(1), free);
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	seconds = now() - began;
	sleeps = task_sleeps("leash-final") - before;
	ok((double)sleeps < 3000 * seconds, "what comes one by one waits together: %ld sleeps for %ld buffers", sleeps, number);
}

int main(void)
{
	make_pair();
	names();
	leaves();
	background();
	buffers();
	for (int i = 0; i < NODES; i++)
		leash_release(nodes[i]);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
