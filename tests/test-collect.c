/* The cycle collector: which shapes of garbage it reclaims, all of it and in one call, and what it leaves alone.
 *
 * Automatic collection is off, so that each call's number is exact: it counts the objects that have a part in
 * cycles, not the leaves that die with them.
 */
#include <leash/leash.h>
#include <stdlib.h>
#include <string.h>
#include "knot.h"
#include "sanitized.h"
#include "tap.h"
#include "wait.h"

#define MILLION (SLOW ? 100000 : 1000000)

static struct obituary obituary, loads;

/* A full collection reclaims so many, and all so many knots die, once. */
static void expect(long reclaimed, int dead, const char *what)
{
	is_int(leash_collect(2), reclaimed, "%s: %ld reclaimed", what, reclaimed);
	eventually(deaths(&obituary) >= dead, "and dead");
	is_int(leash_collect(2), 0, "then nothing is left to reclaim");
	is_int(deaths(&obituary), dead, "and nothing dies twice or besides");
	obituary.deaths = 0;
}

static void small_shapes(void)
{
	is_int(leash_collect(2), 0, "nothing to collect at first");
	leash_release(ring(&obituary, 2));
	is_int(deaths(&obituary), 0, "a pair that refers to itself does not die by count");
	expect(2, 2, "a pair");
	leash_release(ring(&obituary, 1));
	expect(1, 1, "one that refers to itself");
	leash_release(ring(&obituary, 1000));
	expect(1000, 1000, "a ring of 1,000");
	leash_release(ring(&obituary, 100000));
	expect(100000, 100000, "a ring of 100,000");

	struct knot *twice = knot_new(&obituary);
	leash_set(&twice->next, twice);
	leash_set(&twice->other, twice);
	leash_release(twice);
	expect(1, 1, "one that refers to itself twice");

	struct knot *held = ring(&obituary, 3);
	expect(0, 0, "a ring that is held");
	ok(held->next->next->next == held && leash_refcount(held) == 2, "it is as it was");
	leash_release(held);
	expect(3, 3, "the same ring, dropped");

	for (int i = 0; i < 1000; i++)
		leash_release(ring(&obituary, 2 + i % 3));
	expect(334 * 2 + 333 * 3 + 333 * 4, 334 * 2 + 333 * 3 + 333 * 4, "a thousand small rings");

	for (int generation = 0; generation < 3; generation++) {
		leash_release(ring(&obituary, 2));
		is_int(leash_collect(generation), 2, "a round of generation %d takes a young pair", generation);
		eventually(deaths(&obituary) == 2, "which dies");
		obituary.deaths = 0;
	}
}

#define CROWD 50
struct crowd {
	struct crowd *all[CROWD];
	struct obituary *obituary;
};

static void crowd_destroy(void *object)
{
	mortal_destroy(&((struct crowd *)object)->obituary);
}

static const leash_type crowd_type = {
	.name = "crowd", .size = sizeof(struct crowd), LEASH_FIELDS(struct crowd, all), .destroy = crowd_destroy,
};

static void dense(void)
{
	struct crowd *all[CROWD];

	for (int i = 0; i < CROWD; i++) {
		all[i] = leash_new(&crowd_type);
		all[i]->obituary = &obituary;
	}
	for (int i = 0; i < CROWD; i++)
		for (int k = 0; k < CROWD; k++)
			leash_set(&all[i]->all[k], all[k]);
	for (int i = 1; i < CROWD; i++)
		leash_release(all[i]);
	expect(0, 0, "each of 50 refers to all 50, one is held");
	leash_release(all[0]);
	expect(CROWD, CROWD, "each of 50 refers to all 50, none is held");

	struct crowd *first = leash_new(&crowd_type), *second = leash_new(&crowd_type);
	first->obituary = second->obituary = &obituary;
	leash_set_take(&first->all[CROWD - 1], second);
	leash_set(&second->all[CROWD / 2], first);
	leash_release(first);
	expect(2, 2, "a cycle through elements of arrays");
}

static void tails_and_links(void)
{
	struct knot *a = ring(&obituary, 2), *b, *live;
	struct mortal *kept;

	leash_set_take(&a->other, chain(&obituary, 10));
	for (struct knot *knot = a->other; knot; knot = knot->next)
		leash_set_take(&knot->load, mortal_new(&loads));
	kept = mortal_new(&loads);
	leash_set(&a->load, kept);
	leash_release(a);
	expect(12, 12, "a pair with a chain of ten, each with a leaf");
	eventually(deaths(&loads) == 10, "the leaves die");
	is_int((long long)leash_refcount(kept), 1, "but not the one that is held");
	leash_release(kept);
	is_int(deaths(&loads), 11, "until it is dropped");
	loads.deaths = 0;

	a = ring(&obituary, 2);
	b = ring(&obituary, 3);
	leash_set_take(&a->other, b);
	leash_release(a);
	expect(5, 5, "two cycles, one of which refers to the other");

	a = ring(&obituary, 2);
	b = ring(&obituary, 3);
	leash_set(&a->other, b);
	leash_release(a);
	expect(2, 2, "the same, the second held: the first goes");
	is_int((long long)leash_refcount(b), 2, "and with it its reference to the second");
	leash_release(b);
	expect(3, 3, "the second, dropped");

	a = ring(&obituary, 2);
	b = ring(&obituary, 3);
	leash_set_take(&a->other, b);
	b = leash_retain(a);
	leash_release(a);
	expect(0, 0, "two cycles, the first held");
	a = leash_steal(&b->other);
	leash_release(a);
	leash_release(b);
	expect(5, 5, "and both dropped apart");

	/* A string of cycles, each held by the one before. */
	a = NULL;
	for (int i = 0; i < 1000; i++) {
		b = ring(&obituary, 2);
		leash_set_take(&b->other, a);
		a = b;
	}
	expect(0, 0, "a thousand linked pairs, the first held");
	leash_release(a);
	expect(2000, 2000, "a thousand linked pairs");

	live = knot_new(&obituary);
	a = ring(&obituary, 2);
	leash_set(&live->next, a);
	leash_release(a);
	for (int i = 0; i < 3; i++)
		is_int(leash_collect(i % 3), 0, "a cycle in a field of a live object stays (%d)", i);
	expect(0, 0, "and stays");
	ok(live->next == a && a->next->next == a && leash_refcount(a) == 2, "whole");
	leash_clear(&live->next);
	expect(2, 2, "until the field is cleared");
	leash_set_take(&live->next, ring(&obituary, 4));
	expect(0, 0, "another");
	leash_release(live);
	expect(4, 5, "or its holder dies, by count");
}

/* References that move into a field can close a cycle without any decrement. */
static void moves(void)
{
	struct knot *a = knot_new(&obituary), *b = knot_new(&obituary), *root;

	leash_set_take(&a->next, b);
	leash_set_take(&b->next, a);
	expect(2, 2, "a pair closed by leash_set_take");
	a = knot_new(&obituary);
	leash_set_take(&a->next, a);
	expect(1, 1, "one closed on itself by leash_set_take");

	root = knot_new(&obituary);
	a = knot_new(&obituary);
	b = knot_new(&obituary);
	leash_set_take(&a->next, b);
	leash_set_take(&root->next, a);
	expect(0, 0, "a chain");
	leash_set_take(&b->other, leash_steal(&root->next));
	expect(2, 2, "a pair closed by stealing from one field for another");
	ok(root->next == NULL && leash_refcount(root) == 1, "who was stolen from lives");

	/* A whole ring handed from field to field, into one of its own. */
	leash_set_take(&root->next, ring(&obituary, 3));
	expect(0, 0, "a ring in a field");
	a = root->next;
	leash_set_take(&a->next->other, leash_steal(&root->next));
	expect(3, 3, "moved into itself");

	/* Fields exchanged: nothing is garbage, however often. */
	leash_set_take(&root->next, ring(&obituary, 2));
	leash_set_take(&root->other, ring(&obituary, 3));
	for (int i = 0; i < 5; i++) {
		a = leash_steal(&root->next);
		leash_set_take(&root->next, leash_steal(&root->other));
		leash_set_take(&root->other, a);
		is_int(leash_collect(i % 3), 0, "fields exchanged: nothing is garbage");
	}
	leash_release(root);
	expect(5, 6, "and all of it is, when their holder dies");

	static struct knot *global;
	leash_set_take(&global, ring(&obituary, 2));
	expect(0, 0, "a ring in a variable");
	leash_set_take(&global, leash_steal(&global->next));
	leash_clear(&global);
	is_int(deaths(&obituary), 2, "a ring that is opened dies by count");
	expect(0, 2, "and leaves nothing to the collector");
}

struct tailed {
	struct obituary *obituary;
	struct tailed *tail[];
};

static void tailed_destroy(void *object)
{
	mortal_destroy(&((struct tailed *)object)->obituary);
}

static const leash_type tailed_type = {
	.name = "tailed", .size = sizeof(struct tailed), LEASH_FIELDS(struct tailed, LEASH_TAIL(tail)),
	.destroy = tailed_destroy,
};

static void flexible(void)
{
	struct tailed *all[7];

	for (int i = 0; i < 7; i++) {
		all[i] = leash_new_extra(&tailed_type, (1 + (size_t)i * 10) * sizeof(void *));
		all[i]->obituary = &obituary;
	}
	for (int i = 0; i < 7; i++)
		leash_set(&all[i]->tail[i * 10], all[(i + 1) % 7]);
	for (int i = 1; i < 7; i++)
		leash_release(all[i]);
	expect(0, 0, "a ring through the ends of seven tails, held");
	leash_release(all[0]);
	expect(7, 7, "a ring through the ends of seven tails");
}

/* References in a buffer that grows and is replaced. */
struct list_buffer {
	size_t length;
	struct list *items[];
};

struct list {
	struct list_buffer *buffer;
	struct obituary *obituary;
};

static int buffers_made, buffers_freed;

static void list_free(void *buffer)
{
	__atomic_fetch_add(&buffers_freed, 1, __ATOMIC_RELAXED);
	free(buffer);
}

static void list_trace(void *object, leash_visit_fn *visit, void *arg)
{
	struct list_buffer *buffer = __atomic_load_n(&((struct list *)object)->buffer, __ATOMIC_ACQUIRE);

	for (size_t i = 0; buffer && i < buffer->length; i++)
		visit(&buffer->items[i], arg);
}

static void list_destroy(void *object)
{
	struct list *list = object;

	for (size_t i = 0; list->buffer && i < list->buffer->length; i++)
		if (list->buffer->items[i])
			bail_out("a list is destroyed with something in it");
	leash_retire(list->buffer, list_free);
	mortal_destroy(&list->obituary);
}

static const leash_type list_type = {
	.name = "list", .size = sizeof(struct list), .trace = list_trace, .destroy = list_destroy,
};

static struct list *list_new(void)
{
	struct list *list = leash_new(&list_type);

	list->obituary = &obituary;
	return list;
}

static void list_append(struct list *list, struct list *item)
{
	size_t length = list->buffer ? list->buffer->length : 0;
	struct list_buffer *new = calloc(1, sizeof(*new) + (length + 1) * sizeof(void *));

	new->length = length + 1;
	if (length)
		memcpy(new->items, list->buffer->items, length * sizeof(void *));
	buffers_made++;
	void *old = list->buffer;
	__atomic_store_n(&list->buffer, new, __ATOMIC_RELEASE);
	leash_retire(old, list_free);
	leash_set(&new->items[length], item);
}

static void traced(void)
{
	struct list *a = list_new(), *b = list_new();

	for (int i = 0; i < 100; i++) {
		list_append(a, b);
		list_append(b, a);
		if (i % 10 == 0)
			is_int(leash_collect(i / 10 % 3), 0, "growing lists that are held");
	}
	list_append(a, a);
	leash_release(a);
	expect(0, 0, "lists of each other, one held");
	leash_release(b);
	expect(2, 2, "lists of each other");
	eventually(__atomic_load_n(&buffers_freed, __ATOMIC_RELAXED) == buffers_made, "and all %d buffers are freed",
		   buffers_made);
}

/* Who promises that there are no cycles and makes one has a leak. */
static const leash_type acyclic_type = {
	.name = "acyclic", .size = sizeof(struct knot), .flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct knot, next, other, load), .destroy = knot_destroy,
};

static void acyclic(void)
{
	struct knot *a = ring_of(&acyclic_type, &obituary, 2), *b;

	leash_release(a);
	expect(0, 0, "a pair of a type with LEASH_ACYCLIC");
	leash_clear(&a->next);
	expect(0, 2, "it dies when it is opened");

	a = knot_new(&obituary);
	b = knot_of(&acyclic_type, &obituary);
	leash_set(&b->next, a);
	leash_set_take(&a->next, b);
	leash_release(a);
	expect(0, 0, "a cycle through such an object");
	leash_clear(&b->next);
	expect(0, 2, "it too dies when it is opened");

	a = ring(&obituary, 2);
	leash_set_take(&a->other, knot_of(&acyclic_type, &obituary));
	leash_release(a);
	expect(2, 3, "a cycle that refers to such an object: it dies by count");
}

static void immortals(void)
{
	static struct knot *eternal[2]; /* for a leak checker's eyes */
	struct knot *a = ring(&obituary, 2);

	eternal[0] = knot_new(&obituary);
	leash_set(&eternal[0]->next, a);
	leash_release(a);
	leash_immortalize(eternal[0]);
	expect(0, 0, "a cycle in a field of an immortal object");

	eternal[1] = knot_new(&obituary);
	a = knot_new(&obituary);
	leash_set(&a->next, eternal[1]);
	leash_set(&eternal[1]->next, a);
	leash_release(a);
	leash_immortalize(eternal[1]);
	expect(0, 0, "a cycle that contains an immortal object");
	ok(a->next == eternal[1] && eternal[1]->next == a && leash_refcount(a) == 1, "it is whole");

	a = ring(&obituary, 2);
	leash_set(&a->other, eternal[0]);
	leash_release(a);
	expect(2, 2, "a cycle that refers to an immortal object dies without it");
	leash_clear(&eternal[0]->next);
	expect(2, 2, "what an immortal object lets go dies");
	leash_clear(&eternal[1]->next);
	expect(0, 1, "or is opened and dies by count");
}

/* Parents, and children that refer back. */
static struct plain *tree(long nodes)
{
	struct plain **all = malloc((size_t)nodes * sizeof(*all)), *root;

	for (long i = 0; i < nodes; i++) {
		all[i] = plain_new();
		if (i == 0)
			continue;
		struct plain *parent = all[(i - 1) / 2];
		leash_set(&all[i]->third, parent);
		leash_set_take(i % 2 ? &parent->next : &parent->other, all[i]);
	}
	root = all[0];
	free(all);
	return root;
}

static void masses(void)
{
	long before = alive();
	struct plain *a = plain_ring(2), *b = NULL;

	for (long i = 0; i < MILLION; i++) {
		struct plain *link = plain_new();

		leash_set_take(&link->next, b);
		b = link;
	}
	leash_set_take(&a->other, b);
	leash_release(a);
	is_int(leash_collect(2), MILLION + 2, "a pair with a chain of %d", MILLION);
	eventually(alive() == before, "nothing of it is left in memory");

	struct knot *pair = ring(&obituary, 2);
	leash_set_take(&pair->other, chain(&obituary, MILLION));
	leash_release(pair);
	expect(MILLION + 2, MILLION + 2, "the same, with destroy functions");

	a = tree(MILLION);
	is_int(leash_collect(2), 0, "a tree with %d nodes that refer to their parents, held", MILLION);
	is_int(alive(), before + MILLION, "is all there");
	b = leash_get(&a->next->other);
	leash_release(a);
	is_int(leash_collect(2), 0, "and is held by one node within it");
	is_int(alive(), before + MILLION, "all of it");
	leash_release(b);
	is_int(leash_collect(2), MILLION, "all of it goes when that is dropped");
	eventually(alive() == before, "and nothing of it is left in memory");
}

int main(void)
{
	leash_gc_disable();
	small_shapes();
	dense();
	tails_and_links();
	moves();
	flexible();
	traced();
	acyclic();
	immortals();
	masses();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
