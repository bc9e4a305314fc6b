/* A prompt object that weak references may point to, what threads do with it, and pairs that only the collector ends. */
#ifndef WEAK_NODE_H
#define WEAK_NODE_H

#include "mortal.h"

struct node {
	struct node *next, *other;
	struct obituary *obituary;
};

static inline void node_destroy(void *object)
{
	mortal_destroy(&((struct node *)object)->obituary);
}

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE | LEASH_PROMPT,
	LEASH_FIELDS(struct node, next, other),
	.destroy = node_destroy,
};

static struct obituary obituary;

static inline struct node *node_new(void)
{
	struct node *node = leash_new(&node_type);

	node->obituary = &obituary;
	return node;
}

static inline void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static inline void *collect(void *generation)
{
	return (void *)(uintptr_t)leash_collect(*(int *)generation);
}

static int full = 2;

/* A pair, each of which refers to the other, that nobody holds; the first may refer to the first of another. */
static inline struct node *pair(leash_weak *weak, struct node *leads_to)
{
	struct node *a = node_new(), *b = node_new();

	leash_set(&a->next, b);
	leash_set_take(&b->next, a);
	leash_set(&a->other, leads_to);
	leash_weak_init(weak, a);
	leash_release(b);
	return a;
}

/* What point() makes, to an object that has no weak reference yet. */
static leash_weak first_weak;

static inline void *point(void *object)
{
	leash_weak_init(&first_weak, object);
	return NULL;
}

#endif
