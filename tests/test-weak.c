/* Weak references and watches, one thread. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include "mortal.h"
#include "tap.h"
#include "wait.h"

struct node {
	struct node *next;
	leash_weak back, others[3];
	struct obituary *obituary;
	int value;
};

static int closed, finalized;
static leash_weak seen;
static void *found;
static struct node *revived;

static void node_destroy(void *object)
{
	mortal_destroy(&((struct node *)object)->obituary);
}

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next, back, others),
	.destroy = node_destroy,
};

/* The same without hooks. */
static const leash_type bare_type = {
	.name = "bare node",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next, back, others),
};

/* An odd size, no fields. */
static const leash_type leaf_type = { .name = "weakable leaf", .size = 13, .flags = LEASH_WEAKABLE };
static const leash_type strict_type = { .name = "strict", .size = 8 };

static struct obituary obituary;

static struct node *node_new(void)
{
	struct node *node = leash_new(&node_type);

	node->obituary = &obituary;
	return node;
}

static void test_basics(void)
{
	struct node *node = node_new(), *loaded;
	leash_weak weak, copy, empty;

	is_int(leash_weak_init(&weak, node), 0, "a weak reference is made");
	is_int((long long)leash_weak_count(node), 1, "and counted");
	loaded = leash_weak_load(&weak);
	is_ptr(loaded, node, "it leads to the object");
	is_int((long long)leash_refcount(node), 2, "to which a load gives a reference");
	leash_release(loaded);
	leash_weak_copy(&copy, &weak);
	is_int((long long)leash_weak_count(node), 2, "a copy counts");
	ok(!leash_weak_expired(&copy), "and has not expired");
	leash_weak_clear(&copy);
	leash_weak_clear(&copy);
	is_int((long long)leash_weak_count(node), 1, "one that is cleared, even twice, does not");
	ok(leash_weak_load(&copy) == NULL && leash_weak_expired(&copy), "and leads nowhere");
	is_int(leash_weak_init(&empty, NULL), 0, "one may be empty from the start");
	ok(leash_weak_load(&empty) == NULL, "and leads nowhere");
	leash_weak_copy(&copy, &empty);
	ok(leash_weak_load(&copy) == NULL, "nor does its copy");
	leash_release(node);
	is_int(deaths(&obituary), 1, "it holds nothing: the object dies with its last strong reference");
	ok(leash_weak_load(&weak) == NULL, "then it is NULL");
	ok(leash_weak_expired(&weak), "and has expired");
	leash_weak_copy(&copy, &weak);
	ok(leash_weak_load(&copy) == NULL, "so has a copy of it");
	leash_weak_clear(&weak);
	leash_weak_clear(&copy);
	is_int((long long)leash_weak_count(NULL), 0, "NULL has no weak references");
}

static void test_refusal(void)
{
	void *strict = leash_new(&strict_type);
	leash_weak weak;

	is_int(leash_weak_init(&weak, strict), -EINVAL, "a type that is not weakable refuses");
	ok(leash_weak_load(&weak) == NULL, "and leaves an empty one");
	is_int((long long)leash_weak_count(strict), 0, "it has none");
	errno = 0;
	ok(!leash_watch_add(strict, free, NULL) && errno == EINVAL, "nor may it be watched");
	leash_release(strict);
}

static void test_leaf(void)
{
	char *leaf = leash_new(&leaf_type), *tail = leash_new_extra(&leaf_type, 100);
	leash_weak weak, other;
	long i;

	for (i = 0; i < 13; i++)
		leaf[i] = (char)i;
	leash_weak_init(&weak, leaf);
	leash_weak_init(&other, tail);
	for (i = 0; i < 100; i++)
		tail[13 + i] = (char)i;
	for (i = 0; i < 13 && leaf[i] == (char)i; i++)
		;
	is_int(i, 13, "what belongs to the weak references is not in the payload");
	is_ptr(leash_weak_load(&other), tail, "nor is it with a tail");
	leash_release(tail);
	leash_release(tail);
	leash_release(leaf);
	ok(!leash_weak_load(&weak) && !leash_weak_load(&other), "leaves die as others do");
	leash_weak_clear(&weak);
	leash_weak_clear(&other);
	/* Their memory comes back clean. */
	for (i = 0; i < 10000; i++) {
		void *object = leash_new(&leaf_type);

		leash_weak_init(&weak, object);
		leash_release(object);
		if (leash_weak_load(&weak))
			break;
		leash_weak_clear(&weak);
	}
	is_int(i, 10000, "the same for ten thousand of them, one after the other");
}

static void test_fields(void)
{
	struct node *parent = leash_new(&bare_type), *child = leash_new(&bare_type);
	leash_weak weak;

	leash_set(&parent->next, child);
	is_int(leash_weak_init(&child->back, parent), 0, "a child points to its parent weakly");
	leash_weak_init(&child->others[2], parent);
	is_int((long long)leash_weak_count(parent), 2, "in two ways");
	leash_weak_init(&weak, child);
	leash_release(parent);
	ok(leash_weak_load(&child->back) == NULL, "which does not keep the parent");
	is_int((long long)leash_refcount(child), 1, "nor what it held");
	parent = leash_new(&bare_type);
	leash_weak_clear(&child->back);
	leash_weak_init(&child->back, parent);
	leash_weak_init(&child->others[0], parent);
	leash_release(child);
	ok(leash_weak_load(&weak) == NULL, "the child dies");
	is_int((long long)leash_weak_count(parent), 0, "and its weak references with it");
	leash_weak_clear(&weak);
	leash_release(parent);
}

static void look(void *object)
{
	closed++;
	found = leash_weak_load(&seen);
	(void)object;
}

static void finalize(void *object)
{
	leash_weak again;

	finalized++;
	if (!found)
		found = leash_weak_load(&seen);
	if (leash_weak_init(&again, object) == 0 && leash_weak_load(&again))
		found = object;
	revived = leash_retain(object);
}

static const leash_type phoenix_type = {
	.name = "phoenix",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next, back),
	.close = look,
	.finalize = finalize,
};

static int told, told_order;
static void *told_found;

static void tell(void *argument)
{
	told++;
	told_order = closed * 10 + finalized;
	told_found = leash_weak_load(&seen);
	*(int *)argument += 1;
}

static void test_hooks(void)
{
	struct node *node = leash_new(&phoenix_type);
	leash_watch *watch;
	leash_weak late;
	int calls = 0;

	leash_weak_init(&seen, node);
	watch = leash_watch_add(node, tell, &calls);
	ok(watch != NULL, "it is watched");
	leash_release(node);
	is_int(calls, 1, "the watch is told of the death");
	is_int(told_order, 0, "before close and finalize");
	is_ptr(told_found, NULL, "when weak references are NULL");
	ok(closed == 1 && finalized == 1, "close and finalize run");
	is_ptr(found, NULL, "and find no weak reference to their object, nor can they make one that leads there");
	is_ptr(revived, node, "the finalizer brought it back");
	ok(leash_weak_load(&seen) == NULL, "without its weak references");
	is_int(leash_weak_init(&late, node), 0, "later ones");
	ok(leash_weak_load(&late) == NULL, "are born empty");
	errno = 0;
	ok(!leash_watch_add(node, tell, &calls) && errno == EINVAL, "and it cannot be watched any more");
	leash_release(node);
	is_int(calls, 1, "a watch is told once");
	ok(!leash_watch_cancel(watch), "and its cancelling comes too late");
	leash_weak_clear(&seen);
	leash_weak_clear(&late);
}

static void count(void *argument)
{
	*(int *)argument += 1;
}

static void test_watches(void)
{
	struct node *node = node_new();
	leash_watch *watches[3];
	int calls[3] = { 0 }, i, before = deaths(&obituary);

	for (i = 0; i < 3; i++)
		watches[i] = leash_watch_add(node, count, &calls[i]);
	ok(leash_watch_cancel(watches[1]), "a watch is cancelled in time");
	leash_release(node);
	ok(calls[0] == 1 && calls[1] == 0 && calls[2] == 1, "the others are told");
	is_int(deaths(&obituary), before + 1, "of a death that takes place");
	ok(!leash_watch_cancel(watches[0]) && !leash_watch_cancel(watches[2]), "once, and too late to cancel");
	ok(!leash_watch_cancel(NULL), "there is none at NULL");
	node = node_new();
	watches[0] = leash_watch_add(node, count, &calls[1]);
	ok(leash_watch_cancel(watches[0]), "the only one can be cancelled, too");
	leash_release(node);
	is_int(calls[1], 0, "and is not told");

	/* A type without fields and hooks. */
	void *leaf = leash_new(&leaf_type);
	watches[0] = leash_watch_add(leaf, count, &calls[1]);
	leash_release(leaf);
	is_int(calls[1], 1, "the death of what is nothing but memory is told of, too");
	leash_watch_cancel(watches[0]);
}

static void test_cycle(void)
{
	struct node *a = node_new(), *b = node_new();
	leash_weak weak[2];
	leash_watch *watch;
	int calls = 0, before = deaths(&obituary), i;
	struct node *again;

	leash_set(&a->next, b);
	leash_set(&b->next, a);
	leash_weak_init(&weak[0], a);
	leash_weak_init(&weak[1], b);
	leash_weak_init(&a->back, b);
	leash_release(b);
	leash_release(a);
	again = leash_weak_load(&weak[1]);
	is_ptr(again, b, "a cycle that nobody has found yet can be entered through a weak reference");
	is_int(leash_collect(2), 0, "and is not garbage then");
	leash_release(again);
	watch = leash_watch_add((again = leash_weak_load(&weak[0])), count, &calls);
	leash_release(again);
	is_int(leash_collect(2), 2, "left alone it is");
	eventually(deaths(&obituary) == before + 2, "it dies");
	is_int(calls, 1, "and a watch is told");
	leash_watch_cancel(watch);
	for (i = 0; i < 2; i++) {
		ok(leash_weak_load(&weak[i]) == NULL, "no weak reference leads there any more");
		leash_weak_clear(&weak[i]);
	}
}

static void test_bare_cycle(void)
{
	struct node *first = leash_new(&bare_type), *last = first, *next;
	leash_weak weak;
	int i;

	leash_weak_init(&weak, first);
	for (i = 0; i < 99; i++) {
		next = leash_new(&bare_type);
		leash_weak_init(&next->back, first);
		leash_set_take(&last->next, next);
		last = next;
	}
	leash_set(&last->next, first);
	is_int((long long)leash_weak_count(first), 100, "a ring whose members point to the first one weakly");
	leash_release(first);
	is_int(leash_collect(2), 100, "dies as one");
	ok(leash_weak_load(&weak) == NULL, "for all who look");
	leash_weak_clear(&weak);
}

/* Of a cycle that a finalizer brings back, as in Python. */
static void test_revived_cycle(void)
{
	struct node *phoenix = leash_new(&phoenix_type), *mate = node_new();
	leash_weak of_mate;

	closed = finalized = 0;
	found = NULL;
	leash_set(&phoenix->next, mate);
	leash_set_take(&mate->next, phoenix);
	leash_weak_init(&seen, phoenix);
	leash_weak_init(&of_mate, mate);
	leash_release(mate);
	is_int(leash_collect(2), 0, "what a finalizer brings back is not reclaimed");
	is_ptr(revived, phoenix, "and lives");
	is_ptr(found, NULL, "its weak references were gone before");
	ok(!leash_weak_load(&seen) && !leash_weak_load(&of_mate), "and those of all that it reaches");
	leash_weak_clear(&of_mate);
	leash_weak_init(&of_mate, mate);
	is_ptr(leash_weak_load(&of_mate), mate, "one that has no finalizer can have new ones");
	leash_release(mate);
	leash_release(phoenix);
	is_int(leash_collect(2), 2, "the second time it is reclaimed");
	ok(!leash_weak_load(&of_mate), "with those");
	leash_weak_clear(&seen);
	leash_weak_clear(&of_mate);
}

static struct node *mates[2], *kept;
static leash_weak to_other;

/* The first of the two that is finalized keeps the other, and points to it. */
static void point_to_other(void *object)
{
	if (kept)
		return;
	kept = leash_retain(mates[object == mates[0]]);
	leash_weak_init(&to_other, kept);
	is_ptr(leash_weak_load(&to_other), kept, "a finalizer may make a weak reference to one that has yet to be finalized");
	leash_release(kept);
}

static const leash_type mate_type = {
	.name = "mate",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next),
	.finalize = point_to_other,
};

static void test_finalized_later(void)
{
	int i;

	for (i = 0; i < 2; i++)
		mates[i] = leash_new(&mate_type);
	for (i = 0; i < 2; i++) {
		leash_weak weak;

		leash_set(&mates[i]->next, mates[!i]);
		leash_weak_init(&weak, mates[i]);
		leash_weak_clear(&weak);
	}
	leash_release(mates[0]);
	leash_release(mates[1]);
	is_int(leash_collect(2), 0, "two are brought back");
	is_ptr(leash_weak_load(&to_other), NULL, "a finalizer's beginning ends weak references made by another one");
	ok(leash_weak_expired(&to_other), "they have expired");
	leash_clear(&kept->next->next);
	ok(leash_adopt(kept), "the object is adopted");
	is_ptr(leash_weak_load(&to_other), NULL, "for good");
	leash_weak_clear(&to_other);
	leash_release(kept);
}

static leash_weak belated;
static int belated_result = 1;
static leash_watch *belated_watch;

static void never(void *arg)
{
	(void)arg;
	bail_out("a watch on what was dead already");
}

static void belated_destroy(void *object)
{
	belated_result = leash_weak_init(&belated, object);
	belated_watch = leash_watch_add(object, never, NULL);
}

static const leash_type belated_type = {
	.name = "belated", .size = 8, .flags = LEASH_WEAKABLE, .destroy = belated_destroy,
};

static void test_belated(void)
{
	leash_release(leash_new(&belated_type));
	is_int(belated_result, 0, "in an object's own destroy");
	ok(belated == NULL, "a weak reference to it is empty: another object may soon be where it was");
	is_ptr(belated_watch, NULL, "and there is nothing to watch");
}

int main(void)
{
	leash_gc_disable();
	test_basics();
	test_refusal();
	test_leaf();
	test_fields();
	test_hooks();
	test_watches();
	test_cycle();
	test_bare_cycle();
	test_revived_cycle();
	test_finalized_later();
	test_belated();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
