/* A program that reads objects after their death, for tests/use-after-death.sh: the first argument says which.  Linked as
 * users link theirs; whether the reading is reported is a memory checker's business. */
#include <leash/leash.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct leaf {
	long value;
};
static const leash_type leaf_type = { .name = "leaf", .size = sizeof(struct leaf), .flags = LEASH_WEAKABLE };

struct node {
	struct node *next;
	long value;
};
static const leash_type node_type = {
	.name = "node", .size = sizeof(struct node), LEASH_FIELDS(struct node, next),
};

static volatile long seen;

static struct leaf *new_leaf(void)
{
	struct leaf *leaf = leash_new(&leaf_type);

	if (!leaf)
		exit(2);
	leaf->value = 1;
	return leaf;
}

static void at_once(bool wrong)
{
	struct leaf *leaf = new_leaf();

	seen = leaf->value;
	leash_release(leaf);
	if (wrong)
		seen = leaf->value;
}

/* A suspect that the collector has found alive stays in a list of its own: when it dies, its memory waits. */
static void husk(bool wrong)
{
	struct node *node = leash_new(&node_type);

	if (!node)
		exit(2);
	leash_retain(node);
	leash_release(node);
	leash_collect(0);
	seen = node->value;
	leash_release(node);
	if (wrong)
		seen = node->value;
}

/* Where weak references are, the memory waits for loads that may have found the object. */
static void limbo(bool wrong)
{
	struct leaf *leaf = new_leaf();
	leash_weak weak;

	leash_weak_init(&weak, leaf);
	leash_release(leaf);
	if (leash_weak_load(&weak))
		exit(2);
	if (wrong)
		seen = leaf->value;
	leash_weak_clear(&weak);
}

struct traced {
	struct traced *self;
	struct leaf *dying; /* not a reference of this object's */
	bool wrong;
};

static void *die(void *argument)
{
	struct traced *traced = argument;
	struct leaf *leaf = traced->dying;

	traced->dying = NULL;
	if (!leaf)
		return NULL;
	leash_release(leaf);
	if (traced->wrong)
		seen = leaf->value;
	return NULL;
}

/* While the collector reads. */
static void trace(void *object, leash_visit_fn *visit, void *arg)
{
	struct traced *traced = object;
	pthread_t thread;

	if (pthread_create(&thread, NULL, die, traced) || pthread_join(thread, NULL))
		exit(2);
	visit(&traced->self, arg);
}
static const leash_type traced_type = {
	.name = "traced", .size = sizeof(struct traced), .trace = trace,
};

/* What dies while the collector reads is kept until it has read. */
static void kept(bool wrong)
{
	struct traced *traced = leash_new(&traced_type);

	if (!traced)
		exit(2);
	traced->wrong = wrong;
	traced->dying = new_leaf();
	leash_handoff(traced->dying);
	leash_retain(traced);
	leash_release(traced);
	leash_collect(0);
	leash_release(traced);
}

static const struct {
	const char *name;
	void (*run)(bool wrong);
} cases[] = { { "at-once", at_once }, { "husk", husk }, { "limbo", limbo }, { "kept", kept } };

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cases[i].run(argc > 1 && strcmp(argv[1], cases[i].name) == 0);
	return leash_shutdown() == 0 ? 0 : 3;
}
