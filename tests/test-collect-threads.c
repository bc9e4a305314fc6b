/* The cycle collector beside running threads: automatic rounds keep up with threads that make cycles, and what
 * threads hold, walk and change while full rounds run back to back never dies.
 *
 * Every object destroys its magic number when it is destroyed, and whoever comes by one checks it.
 */
#include <leash/leash.h>
#include <pthread.h>
#include <stdlib.h>
#include "knot.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define MAKERS  4
#define ROUNDS  (SLOW ? 5000 : 50000)
#define NODES   256
#define EDGES   4
#define WALKERS 3
#define CHANGERS 2
#define STEPS   (SLOW ? 4000 : 60000)

#define HOPPED  (SLOW ? 300 : 3000)

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Makers: rings of several lengths, with and without hooks, some of them with a leaf or a chain. */
static struct obituary obituary, loads;
static long knots_born, plains_born, loads_born, most;

static void count(long *counter, long number)
{
	__atomic_fetch_add(counter, number, __ATOMIC_RELAXED);
}

static long read_counter(const long *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void set_counter(long *counter, long number)
{
	__atomic_store_n(counter, number, __ATOMIC_RELAXED);
}

static void make_garbage(uint64_t random)
{
	long length = 1 + (long)(random >> 8) % ((random >> 4) % 16 ? 6 : 100);
	struct knot *knot;

	if (random % 2) {
		struct plain *plain = plain_ring(length);

		count(&plains_born, length);
		if (random % 4 == 1)
			leash_set_take(&plain->other, leash_steal(&plain->next));
		leash_release(plain);
		return;
	}
	knot = ring(&obituary, length);
	count(&knots_born, length);
	switch (random >> 16 & 3) {
	case 0:
		leash_set_take(&knot->load, mortal_new(&loads));
		count(&loads_born, 1);
		break;
	case 1:
		leash_set_take(&knot->other, chain(&obituary, 3));
		count(&knots_born, 3);
		break;
	case 2:
		leash_set_take(&knot->other, leash_retain(knot));
		break;
	}
	leash_release(knot);
}

static void *maker(void *argument)
{
	uint64_t random = 1000 + (uint64_t)(uintptr_t)argument;

	for (int i = 0; i < ROUNDS; i++) {
		make_garbage(next_random(&random));
		if (i % 1024 == 0) {
			long now = alive(), before = read_counter(&most);

			while (now > before && !__atomic_compare_exchange_n(&most, &before, now, true, __ATOMIC_RELAXED,
									    __ATOMIC_RELAXED))
				;
		}
	}
	return NULL;
}

static void automatic(void)
{
	pthread_t threads[MAKERS];
	leash_gc_stats_t stats;
	long made;

	for (long i = 0; i < MAKERS; i++)
		threads[i] = thread_start(maker, (void *)(uintptr_t)i);
	for (int i = 0; i < MAKERS; i++)
		thread_end(threads[i]);
	made = read_counter(&knots_born) + read_counter(&plains_born) + read_counter(&loads_born);
	leash_gc_stats(&stats);
	ok(stats.generation[0].collections > 0 && stats.generation[0].collected > 0, "rounds happened by themselves");
	/* Makers are held back when much has gathered. */
	if (SLOW)
		skip(1, "too few objects for anybody to be held back");
	else
		ok(read_counter(&most) < made / 2, "of %ld objects there were never more than %ld", made,
		   read_counter(&most));
	ok(leash_collect(2) >= 0, "the rest is collected");
	eventually(deaths(&obituary) == read_counter(&knots_born), "every knot has died, once");
	eventually(deaths(&loads) == read_counter(&loads_born), "and every leaf");
	eventually(alive() == 0, "and nothing is left in memory");
}

/* A graph that lives on, changed all the time.  Each node's lock protects its edges. */
struct node {
	struct node *edges[EDGES];
	uint64_t magic;
	pthread_mutex_t lock;
};

static struct node *roots[NODES / 8];
static pthread_mutex_t root_locks[NODES / 8] = { [0 ... NODES / 8 - 1] = PTHREAD_MUTEX_INITIALIZER };
static long nodes_born, nodes_dead, collections;
static bool over;

static void node_check(const struct node *node)
{
	if (node->magic != KNOT_MAGIC)
		bail_out("node %p died while it was held: %llx", (const void *)node, (unsigned long long)node->magic);
}

static void node_destroy(void *object)
{
	struct node *node = object;

	if (node->magic != KNOT_MAGIC)
		bail_out("node %p dies twice", object);
	node->magic = ~KNOT_MAGIC;
	pthread_mutex_destroy(&node->lock);
	count(&nodes_dead, 1);
}

static const leash_type node_type = {
	.name = "node", .size = sizeof(struct node), LEASH_FIELDS(struct node, edges), .destroy = node_destroy,
};

static struct node *node_new(void)
{
	struct node *node = leash_new(&node_type);

	node->magic = KNOT_MAGIC;
	pthread_mutex_init(&node->lock, NULL);
	count(&nodes_born, 1);
	return node;
}

static struct node *get_root(unsigned number)
{
	struct node *node;

	pthread_mutex_lock(&root_locks[number]);
	node = leash_get(&roots[number]);
	pthread_mutex_unlock(&root_locks[number]);
	node_check(node);
	return node;
}

/* A node some steps away from a root. */
static struct node *walk(uint64_t *random)
{
	struct node *node = get_root((unsigned)(next_random(random) % (NODES / 8)));
	unsigned steps = (unsigned)(next_random(random) % 12);

	while (steps--) {
		struct node *next;

		pthread_mutex_lock(&node->lock);
		next = leash_get(&node->edges[next_random(random) % EDGES]);
		pthread_mutex_unlock(&node->lock);
		if (!next)
			break;
		node_check(next);
		leash_release(node);
		node = next;
	}
	return node;
}

static void *walker(void *argument)
{
	uint64_t random = 2000 + (uint64_t)(uintptr_t)argument;
	struct node *kept[8] = { NULL };

	for (long i = 0; i < STEPS; i++) {
		struct node **place = &kept[i % 8];

		if (*place)
			node_check(*place);
		leash_set_take(place, walk(&random));
	}
	for (int i = 0; i < 8; i++)
		leash_clear(&kept[i]);
	return NULL;
}

static void change(uint64_t *random)
{
	struct node *node = walk(random), *other = walk(random), *old = NULL;
	struct node **edge = &node->edges[next_random(random) % EDGES];

	pthread_mutex_lock(&node->lock);
	switch (next_random(random) % 8) {
	case 0:
		leash_clear(edge);
		break;
	case 1:
		old = leash_steal(edge);
		break;
	case 2:
		leash_set_take(edge, other);
		other = NULL;
		break;
	case 3:
		leash_set_take(edge, node_new());
		break;
	default:
		leash_set(edge, other);
	}
	pthread_mutex_unlock(&node->lock);
	if (old && other) {
		/* What was taken out of one goes into another: nothing but moves. */
		pthread_mutex_lock(&other->lock);
		leash_set_take(&other->edges[next_random(random) % EDGES], old);
		pthread_mutex_unlock(&other->lock);
		old = NULL;
	}
	leash_release(old);
	leash_release(other);
	leash_release(node);
}

/* One root changes for a reachable node, so that what only it reached is garbage. */
static void change_root(uint64_t *random)
{
	unsigned number = (unsigned)(next_random(random) % (NODES / 8));
	struct node *node = next_random(random) % 2 ? walk(random) : node_new();

	pthread_mutex_lock(&root_locks[number]);
	leash_set_take(&roots[number], node);
	pthread_mutex_unlock(&root_locks[number]);
}

static void *changer(void *argument)
{
	uint64_t random = 3000 + (uint64_t)(uintptr_t)argument;

	for (long i = 0; i < STEPS; i++) {
		change(&random);
		if (i % 50 == 0)
			change_root(&random);
	}
	return NULL;
}

static void *collector(void *argument)
{
	long result, *reclaimed = argument;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		result = leash_collect(2);
		if (result < 0)
			bail_out("leash_collect says %ld", result);
		*reclaimed += result;
		count(&collections, 1);
	}
	return NULL;
}

/* The nodes that the roots reach, each counted once; no other thread is about. */
static long reachable(void)
{
	size_t limit = (size_t)read_counter(&nodes_born), found = 0;
	struct node **queue = malloc((limit + 1) * sizeof(*queue));

	for (int i = 0; i < NODES / 8; i++)
		queue[found++] = roots[i];
	for (size_t i = 0; i < found; i++)
		node_check(queue[i]);
	/* Quadratic, but they are few: the graph is what a few roots hold. */
	size_t unique = 0;
	for (size_t i = 0; i < found; i++) {
		size_t k = 0;

		while (k < unique && queue[k] != queue[i])
			k++;
		if (k == unique)
			queue[unique++] = queue[i];
	}
	for (size_t i = 0; i < unique; i++) {
		for (int e = 0; e < EDGES; e++) {
			struct node *next = queue[i]->edges[e];
			size_t k = 0;

			while (next && k < unique && queue[k] != next)
				k++;
			if (next && k == unique) {
				node_check(next);
				queue[unique++] = next;
			}
		}
	}
	free(queue);
	return (long)unique;
}

static void live_graph(bool with_automatic)
{
	pthread_t threads[WALKERS + CHANGERS], collecting;
	uint64_t random = 4711;
	long reclaimed = 0, left, all;

	__atomic_store_n(&over, false, __ATOMIC_RELAXED);
	set_counter(&nodes_born, 0);
	set_counter(&nodes_dead, 0);
	set_counter(&collections, 0);
	for (int i = 0; i < NODES / 8; i++)
		leash_set_take(&roots[i], node_new());
	for (int i = 0; i < 8 * NODES; i++)
		change(&random);
	if (with_automatic) {
		leash_gc_set_threshold(50, 2, 2);
		leash_gc_enable();
	} else {
		leash_gc_disable();
	}
	collecting = thread_start(collector, &reclaimed);
	for (long i = 0; i < WALKERS + CHANGERS; i++)
		threads[i] = thread_start(i < WALKERS ? walker : changer, (void *)(uintptr_t)i);
	for (int i = 0; i < WALKERS + CHANGERS; i++)
		thread_end(threads[i]);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	thread_end(collecting);
	leash_gc_disable();
	diag("%ld rounds reclaimed %ld of %ld nodes", read_counter(&collections), reclaimed, read_counter(&nodes_born));
	ok(read_counter(&collections) > 0, "full rounds beside threads that walk and change a graph");
	ok(leash_collect(2) >= 0, "one more when they are done");
	left = reachable();
	eventually(read_counter(&nodes_born) - read_counter(&nodes_dead) == left,
		   "what is reachable lives, and nothing else: %ld nodes", left);
	for (int i = 0; i < NODES / 8; i++)
		leash_clear(&roots[i]);
	all = leash_collect(2);
	ok(all >= 0 && all <= left, "dropped, %ld of %ld are left to the collector", all, left);
	eventually(read_counter(&nodes_dead) == read_counter(&nodes_born), "and all %ld have died, once",
		   read_counter(&nodes_born));
	eventually(alive() == 0, "and are gone from memory");
}

/* Small rings of which a thread always holds one node, by counting on along it or by nothing but moves, against the order
 * in which a round would read them: it may see no reference from outside, more than once. */
static struct node *hop(struct node *held, bool counting)
{
	struct node *next = counting ? leash_get(&held->edges[1]) : leash_steal(&held->edges[1]);

	node_check(next);
	if (counting)
		leash_release(held);
	else
		leash_set_take(&next->edges[1], held);
	return next;
}

static void *hopper(void *argument)
{
	bool counting = argument != NULL;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		struct node *first = node_new(), *held = first;
		long size = counting ? 8 : 2;

		for (long i = 1; i < size; i++) {
			struct node *node = node_new();

			if (counting)
				leash_set(&held->edges[0], node);
			leash_set_take(&node->edges[1], held);
			held = node;
		}
		if (counting) {
			leash_set(&held->edges[0], first);
			leash_set(&first->edges[1], held);
		}
		for (int i = 0; i < 20000; i++)
			held = hop(held, counting);
		leash_release(held);
	}
	return NULL;
}

static void hopping(bool counting)
{
	pthread_t threads[2], collecting;
	long reclaimed = 0;

	leash_gc_disable();
	__atomic_store_n(&over, false, __ATOMIC_RELAXED);
	set_counter(&nodes_born, 0);
	set_counter(&nodes_dead, 0);
	set_counter(&collections, 0);
	collecting = thread_start(collector, &reclaimed);
	for (int i = 0; i < 2; i++)
		threads[i] = thread_start(hopper, counting ? &over : NULL);
	eventually(read_counter(&collections) >= HOPPED, "%d full rounds beside threads that %s", HOPPED,
		   counting ? "count on along a ring" : "move the one edge of a pair");
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		thread_end(threads[i]);
	thread_end(collecting);
	eventually((leash_collect(2), read_counter(&nodes_dead) == read_counter(&nodes_born)), "all %ld nodes have died, once",
		   read_counter(&nodes_born));
}

int main(void)
{
	automatic();
	live_graph(false);
	live_graph(true);
	hopping(false);
	hopping(true);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
