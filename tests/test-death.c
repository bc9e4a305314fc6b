/* Deaths that bring others with them: chains of any length on a small stack, wide trees, tails, and references that
 * a type's trace finds in a buffer; and buffers that are retired. */
#include <leash/leash.h>
#include <stdlib.h>
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define LONG (THREAD_SANITIZED ? 200000 : SLOW ? 1000000 : 10000000)
#define STACK ((size_t)256 << 10)

struct node {
	struct node *left, *right;
};

static long destroyed;

static void node_destroy(void *object)
{
	(void)object;
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, left, right),
	.destroy = node_destroy,
};

static const leash_type plain_type = {
	.name = "plain node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, left, right),
};

static long nodes_destroyed(void)
{
	return __atomic_load_n(&destroyed, __ATOMIC_RELAXED);
}

/* `last` hangs on the end of the chain. */
static struct node *chain(const leash_type *type, long length, void *last)
{
	struct node *first = last;

	for (long i = 0; i < length; i++) {
		struct node *node = leash_new(type);

		if (!node)
			bail_out("no memory for a long chain");
		if (i % 2)
			node->left = first;
		else
			node->right = first;
		first = node;
	}
	return first;
}

/* Finalizers, closes and chains of objects that are released by hooks: none may use the stack. */
static struct node *hanging;

static void hook_finalize(void *object)
{
	struct node *node = object, *next = leash_steal(&node->left);

	leash_release(next);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static const leash_type by_hook_type = {
	.name = "node released by a hook",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, left, right),
	.finalize = hook_finalize,
};

static void *on_small_stack(void *argument)
{
	struct obituary end = { 0 };

	(void)argument;
	leash_release(chain(&node_type, LONG, mortal_new(&end)));
	is_int(nodes_destroyed(), LONG, "a chain of %d objects dies on a stack of %zu KiB", LONG, STACK >> 10);
	is_int(deaths(&end), 1, "down to its end");

	leash_release(chain(&plain_type, LONG, mortal_new(&end)));
	is_int(deaths(&end), 2, "also without hooks");

	destroyed = 0;
	hanging = NULL;
	for (long i = 0; i < LONG / 10; i++) {
		struct node *node = leash_new(&by_hook_type);

		node->left = hanging;
		hanging = node;
	}
	leash_release(leash_steal(&hanging));
	is_int(nodes_destroyed(), LONG / 10, "also when each is released by a finalizer");
	return NULL;
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static pthread_t on_stack_of(void *(*run)(void *), void *argument)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	if (pthread_create(&thread, &small, run, argument))
		bail_out("no thread with a small stack");
	pthread_attr_destroy(&small);
	return thread;
}

static void long_chains(void)
{
	struct obituary end = { 0 };

	thread_end(on_stack_of(on_small_stack, NULL));
	destroyed = 0;
	thread_end(on_stack_of(drop, chain(&node_type, LONG, mortal_new(&end))));
	eventually(deaths(&end) == 1, "a chain dropped by a thread that did not make it dies to its end");
	is_int(nodes_destroyed(), LONG, "every link of it");
}

static struct node *tree(int depth)
{
	struct node *node = leash_new(&node_type);

	if (depth > 1) {
		node->left = tree(depth - 1);
		node->right = tree(depth - 1);
	}
	return node;
}

struct crowd {
	long number;
	struct mortal *members[];
};

static const leash_type crowd_type = {
	.name = "crowd",
	.size = sizeof(struct crowd),
	LEASH_FIELDS(struct crowd, LEASH_TAIL(members)),
};

static struct crowd *crowd(size_t number, struct obituary *obituary)
{
	struct crowd *c = leash_new_extra(&crowd_type, number * sizeof *c->members);

	for (size_t i = 0; i < number; i++)
		c->members[i] = mortal_new(obituary);
	return c;
}

/* Two parents with one child, and one that is held outside. */
static void shapes(void)
{
	struct obituary obituary = { 0 };

	destroyed = 0;
	leash_release(tree(17));
	is_int(nodes_destroyed(), (1 << 17) - 1, "a tree dies with its root");
	leash_release(crowd(300000, &obituary));
	is_int(deaths(&obituary), 300000, "as do 300,000 references in one tail");
	leash_release(crowd(0, &obituary));
	leash_release(crowd(1, &obituary));
	is_int(deaths(&obituary), 300001, "a tail may be empty, or short");
	thread_end(thread_start(drop, crowd(1000, &obituary)));
	eventually(deaths(&obituary) == 301001, "a tail is found when another thread drops its holder");

	struct node *bottom = leash_new(&node_type), *kept = leash_new(&node_type);
	destroyed = 0;
	for (int i = 0; i < 20; i++) {
		struct node *node = leash_new(&node_type);

		node->left = leash_retain(bottom);
		node->right = bottom;
		bottom = node;
	}
	bottom->right = (leash_release(bottom->right), leash_retain(kept));
	is_int(nodes_destroyed(), 0, "a ladder of shared nodes stands");
	leash_release(bottom);
	is_int(nodes_destroyed(), 21, "and falls node by node, each once");
	is_int((long long)leash_refcount(kept), 1, "what is held elsewhere lives");
	leash_release(kept);
}

/* References in a buffer of the object's own, found by trace. */
struct bag {
	struct mortal **items; /* NULL-terminated; replaced as a whole */
	struct mortal *field;
};

static int traces;

static void bag_trace(void *object, leash_visit_fn *visit, void *argument)
{
	struct mortal **items = __atomic_load_n(&((struct bag *)object)->items, __ATOMIC_ACQUIRE);

	__atomic_fetch_add(&traces, 1, __ATOMIC_RELAXED);
	for (int i = 0; items && i < 100; i++)
		visit(&items[i], argument);
}

static int frees;

static void counting_free(void *memory)
{
	__atomic_fetch_add(&frees, 1, __ATOMIC_RELAXED);
	free(memory);
}

static int severed;

static void bag_destroy(void *object)
{
	struct bag *bag = object;

	for (int i = 0; bag->items && i < 100; i++)
		severed += bag->items[i] == NULL;
	leash_retire(bag->items, counting_free);
}

static const leash_type bag_type = {
	.name = "bag",
	.size = sizeof(struct bag),
	LEASH_FIELDS(struct bag, field),
	.trace = bag_trace,
	.destroy = bag_destroy,
};

static struct bag *bag_of(struct obituary *obituary)
{
	struct bag *bag = leash_new(&bag_type);
	struct mortal **items = calloc(100, sizeof *items);

	for (int i = 0; i < 100; i += 2)
		items[i] = mortal_new(obituary);
	__atomic_store_n(&bag->items, items, __ATOMIC_RELEASE);
	leash_set_take(&bag->field, mortal_new(obituary));
	return bag;
}

static void traced(void)
{
	struct obituary obituary = { 0 };
	struct bag *bag = bag_of(&obituary);

	leash_release(bag);
	is_int(deaths(&obituary), 51, "references found by trace are released at death, as are fields");
	is_int(severed, 100, "they are NULL when destroy runs");
	ok(traces > 0, "trace was asked");
	eventually(__atomic_load_n(&frees, __ATOMIC_ACQUIRE) == 1, "a buffer retired at death is freed");
	leash_release(leash_new(&bag_type));
	thread_end(thread_start(drop, bag_of(&obituary)));
	eventually(deaths(&obituary) == 102, "trace finds them also when another thread drops the object");
	eventually(__atomic_load_n(&frees, __ATOMIC_ACQUIRE) == 2, "and the buffer goes");
}

static pthread_t freed_by;
static int freed[1000];

static void note(void *p)
{
	freed_by = pthread_self();
	__atomic_fetch_add((int *)p, 1, __ATOMIC_RELEASE);
}

static void *retirer(void *argument)
{
	int first = *(int *)argument;

	for (int i = first; i < first + 250; i++)
		leash_retire(&freed[i], note);
	return NULL;
}

static bool all_freed(int first, int end)
{
	for (int i = first; i < end; i++)
		if (__atomic_load_n(&freed[i], __ATOMIC_ACQUIRE) == 0)
			return false;
	return true;
}

static void retired(void)
{
	int firsts[] = { 0, 250, 500 }, twice = 0;
	pthread_t threads[3];

	leash_retire(NULL, note);
	leash_retire(&freed[999], note);
	eventually(all_freed(999, 1000), "what is retired is freed");
	ok(!pthread_equal(freed_by, pthread_self()), "by a thread of the library");
	for (int t = 0; t < 3; t++)
		threads[t] = thread_start(retirer, &firsts[t]);
	for (int t = 0; t < 3; t++)
		thread_end(threads[t]);
	eventually(all_freed(0, 750), "also by threads that have ended");
	for (int i = 750; i < 999; i++)
		leash_retire(&freed[i], note);
	is_int(leash_shutdown(), 0, "shutdown finds nothing alive");
	ok(all_freed(750, 999), "and leaves nothing retired");
	for (int i = 0; i < 1000; i++)
		twice += freed[i] != 1;
	is_int(twice, 0, "each is freed once");
}

int main(void)
{
	long_chains();
	shapes();
	traced();
	retired();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
