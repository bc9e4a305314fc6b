/* Weak references between threads: each race played once and on purpose, with a thread stopped at the point that
 * decides it. */
#include <leash/leash.h>
#include "header.h"
#include "points.h"
#include "sanitized.h"
#include "stops.h"
#include "weak-node.h"

/* No hooks, no fields: it dies the shortest way. */
static const leash_type leaf_type = {
	.name = "leaf",
	.size = 24,
	.flags = LEASH_WEAKABLE | LEASH_PROMPT,
};

static void *load(void *weak)
{
	return leash_weak_load((leash_weak *)weak);
}

static void *ask(void *weak)
{
	return leash_weak_expired((leash_weak *)weak) ? weak : NULL;
}

static void after_death(void)
{
	struct node *node = node_new();
	struct stop stop;
	leash_weak weak;
	int before = deaths(&obituary);

	leash_weak_init(&weak, node);
	leash_handoff(node);
	stop_start(&stop, "weak: dead", drop, node);
	stop_await(&stop);
	is_int(deaths(&obituary), before, "an object is dead, and nobody knows yet");
	ok(leash_weak_expired(&weak), "its weak references have expired");
	is_ptr(leash_weak_load(&weak), NULL, "a load gives NULL");
	stop_resume(&stop);
	stop_end(&stop);
	is_int(deaths(&obituary), before + 1, "the death goes on");
	is_ptr(leash_weak_load(&weak), NULL, "and NULL it is");
	leash_weak_clear(&weak);
}

/* The load has found the object, and is not there yet. */
static void death_meets_load(bool owned)
{
	static const char *const points[] = { "weak: pointer read", "try retain: before the swap" };

	for (int i = 0; i < 2; i++) {
		struct node *node = node_new();
		struct stop stop;
		leash_weak weak;
		int before = deaths(&obituary);

		leash_weak_init(&weak, node);
		if (!owned)
			leash_handoff(node);
		stop_start(&stop, points[i], load, &weak);
		stop_await(&stop);
		leash_release(node);
		is_int(deaths(&obituary), before + 1, "an object dies between a load's two steps (%s)", points[i]);
		stop_resume(&stop);
		is_ptr(stop_end(&stop), NULL, "which gives NULL");
		leash_weak_clear(&weak);
	}
}

static void *leaf, *twin; /* of which an owner is about to give up the only reference; and what it makes next */
static leash_weak to_leaf;
static struct baton hold = BATON;

static void *own_and_drop(void *type)
{
	leaf = leash_new(type);
	leash_weak_init(&to_leaf, leaf);
	baton_pass(&hold, 1);
	baton_await(&hold, 2);
	leash_release(leaf);
	__atomic_store_n(&twin, leash_new(type), __ATOMIC_RELEASE);
	return NULL;
}

/* The owner is about to merge the last reference. */
static void load_meets_owner(void)
{
	struct stop owner;
	void *loaded;

	hold = (struct baton)BATON;
	stop_start(&owner, "merge: before the swap", own_and_drop, (void *)(uintptr_t)&leaf_type);
	baton_await(&hold, 1);
	baton_pass(&hold, 2);
	stop_await(&owner);
	loaded = leash_weak_load(&to_leaf);
	is_ptr(loaded, leaf, "a load comes just before the owner's last release");
	stop_resume(&owner);
	stop_end(&owner);
	ok(is_merged(loaded) && shared_count(loaded) == 1, "which leaves the object to it");
	ok(!leash_weak_expired(&to_leaf), "alive");
	ok(twin != loaded, "no other object takes its place");
	leash_release(loaded);
	ok(leash_weak_expired(&to_leaf), "until it lets go");
	leash_weak_clear(&to_leaf);
	leash_release(twin);
	twin = NULL;
}

/* The same, and the load has found the object while it was owned. */
static void owner_meets_load(void)
{
	struct stop stop;
	pthread_t owner;

	hold = (struct baton)BATON;
	owner = thread_start(own_and_drop, (void *)(uintptr_t)&leaf_type);
	baton_await(&hold, 1);
	stop_start(&stop, "try retain: before the swap", load, &to_leaf);
	stop_await(&stop);
	baton_pass(&hold, 2);
	eventually(__atomic_load_n(&leash__header_of(leaf)->shared, __ATOMIC_ACQUIRE) & LEASH__DEAD,
		   "an owner's last release comes between a load's two steps");
	eventually(__atomic_load_n(&twin, __ATOMIC_ACQUIRE) != NULL, "it makes another object");
	stop_resume(&stop);
	is_ptr(stop_end(&stop), NULL, "the load gives NULL");
	thread_end(owner);
	ok(twin != leaf, "the other object has other memory");
	is_int((long long)leash_refcount(twin), 1, "and nobody has counted it by mistake");
	leash_weak_clear(&to_leaf);
	leash_release(twin);
	twin = NULL;
}

static void load_meets_revocation(void)
{
	static const char *const points[] = { "revoke: taken away", "revoke: after the grace", "fold: before the swap" };

	for (int i = 0; i < 3; i++) {
		struct stop stop, other;
		struct node *node, *loaded[2];
		leash_weak weak;
		int before = deaths(&obituary);

		if (leash_shutdown() < 0)
			bail_out("the library does not come to rest");
		stop_one_of_the_library(&stop, points[i]);
		node = node_new();
		leash_weak_init(&weak, node);
		elsewhere(drop, node);
		stop_await(&stop);
		loaded[0] = leash_weak_load(&weak);
		stop_start(&other, NULL, load, &weak);
		loaded[1] = stop_end(&other);
		ok(loaded[0] == node && loaded[1] == node, "an object whose owner is taken away is loaded (%s)", points[i]);
		stop_resume(&stop);
		eventually(is_merged(node), "the fold merges");
		leash_flush();
		eventually(leash_refcount(node) == 2, "and counts the loads");
		is_int(deaths(&obituary), before, "the object lives");
		leash_release(loaded[0]);
		leash_release(loaded[1]);
		eventually(deaths(&obituary) == before + 1, "until they are given back");
		ok(leash_weak_expired(&weak), "and not any longer");
		leash_weak_clear(&weak);
	}
}

/* The load has found an object that waits for the fold with the last reference. */
static void fold_meets_load(void)
{
	struct stop stop, loading;
	struct node *node;
	leash_weak weak;
	int before = deaths(&obituary);

	if (leash_shutdown() < 0)
		bail_out("the library does not come to rest");
	stop_one_of_the_library(&stop, "fold: before the swap");
	node = node_new();
	leash_weak_init(&weak, node);
	elsewhere(drop, node);
	stop_await(&stop);
	stop_start(&loading, "try retain: before the swap", load, &weak);
	stop_await(&loading);
	stop_resume(&stop);
	eventually(shared_word(node) & LEASH__DEAD, "a fold that ends an object comes between a load's two steps");
	stop_resume(&loading);
	is_ptr(stop_end(&loading), NULL, "which gives NULL");
	eventually(deaths(&obituary) == before + 1, "the object dies");
	leash_weak_clear(&weak);
}

static void rescue(void)
{
	struct stop stop;
	struct node *node, *loaded;
	leash_weak weak;
	int before = deaths(&obituary);

	node = pair(&weak, NULL);
	stop_start(&stop, "verdict: about to decide", collect, &full);
	stop_await(&stop);
	ok(!leash_weak_expired(&weak), "before the verdict nothing has expired");
	loaded = leash_weak_load(&weak);
	is_ptr(loaded, node, "a load between the second reading and the verdict gives the object");
	stop_resume(&stop);
	is_int((intptr_t)stop_end(&stop), 0, "which the collector lets live");
	is_int(deaths(&obituary), before, "with all it reaches");
	is_ptr(loaded->next->next, loaded, "as it was");
	leash_release(loaded);
	loaded = leash_weak_load(&weak);
	is_ptr(loaded, node, "it can be loaded again");
	leash_release(loaded);
	is_int(leash_collect(2), 2, "and left alone it goes");
	eventually(deaths(&obituary) == before + 2, "all of it");
	is_ptr(leash_weak_load(&weak), NULL, "for good");
	leash_weak_clear(&weak);
}

static void condemned(void)
{
	struct stop stop;
	leash_weak weak, copy;
	int before = deaths(&obituary);

	pair(&weak, NULL);
	stop_start(&stop, "collect: decided", collect, &full);
	stop_await(&stop);
	is_int(deaths(&obituary), before, "a pair is condemned, and whole");
	ok(leash_weak_expired(&weak), "its weak references have expired");
	is_ptr(leash_weak_load(&weak), NULL, "a load gives NULL");
	leash_weak_copy(&copy, &weak);
	is_ptr(leash_weak_load(&copy), NULL, "as that of a copy");
	stop_resume(&stop);
	is_int((intptr_t)stop_end(&stop), 2, "the collector has it");
	leash_weak_clear(&weak);
	leash_weak_clear(&copy);
}

/* The load has found the tag, and the verdict comes first. */
static void verdict_meets_load(void)
{
	void *(*const calls[])(void *) = { load, ask };

	for (int i = 0; i < 2; i++) {
		struct stop stop, loading;
		leash_weak weak;

		pair(&weak, NULL);
		stop_start(&stop, "verdict: about to decide", collect, &full);
		stop_await(&stop);
		stop_start(&loading, "weak: pointer read", calls[i], &weak);
		stop_await(&loading);
		stop_resume(&stop);
		/* It ends with an op-grace, for which the other must go on. */
		eventually(leash_weak_expired(&weak), "a pair is condemned between a load's two steps");
		stop_resume(&loading);
		is_ptr(stop_end(&loading), i ? &weak : NULL, "the load knows");
		is_int((intptr_t)stop_end(&stop), 2, "and the pair goes");
		leash_weak_clear(&weak);
	}
}

/* One pair refers to another.  What is found first and all that it reaches have one verdict; so if the upper one is found
 * first, both have the same. */
static void pieces(bool upper_first, bool load_upper)
{
	struct stop stop;
	struct node *upper, *lower, *loaded;
	leash_weak weak[2];
	int before = deaths(&obituary), lives = upper_first || load_upper ? 4 : 2;

	upper = upper_first ? pair(&weak[1], NULL) : NULL;
	lower = pair(&weak[0], NULL);
	if (!upper_first)
		upper = pair(&weak[1], NULL);
	leash_set(&upper->other, lower);
	stop_start(&stop, "verdict: about to decide", collect, &full);
	stop_await(&stop);
	loaded = leash_weak_load(&weak[load_upper]);
	is_ptr(loaded, load_upper ? upper : lower, "the %s of two pairs is loaded; the %s was found first",
	       load_upper ? "upper" : "lower", upper_first ? "upper" : "lower");
	if (!upper_first && load_upper) {
		/* So that what is below is condemned by nobody. */
		stop.again = 1;
		stop_resume(&stop);
		stop_await(&stop);
		leash_release(leash_weak_load(&weak[0]));
		ok(!leash_weak_expired(&weak[0]), "the upper one's verdict comes first");
	}
	stop_resume(&stop);
	is_int((intptr_t)stop_end(&stop), 4 - lives, "what has another verdict, and does not hang on it, dies");
	eventually(deaths(&obituary) == before + 4 - lives, "nothing else");
	ok(leash_weak_expired(&weak[1]) == (lives == 2) && !leash_weak_expired(&weak[0]), "weak references tell");
	ok(!load_upper || loaded->other == lower, "what lives is whole");
	leash_release(loaded);
	is_int(leash_collect(2), lives, "the rest goes later");
	eventually(deaths(&obituary) == before + 4, "all of it");
	leash_weak_clear(&weak[0]);
	leash_weak_clear(&weak[1]);
}

/* Makes a dead object that a load has found, then many more. */
static struct baton dying = BATON;
static leash_weak to_dying;
static int reused;

static void *die(void *unused)
{
	static void *late[50000];
	int number = 0;
	void *object = leash_new(&leaf_type), *fresh[100];
	const void *memory = object;

	leash_weak_init(&to_dying, object);
	baton_pass(&dying, 1);
	baton_await(&dying, 2);
	leash_release(object);
	for (int i = 0; i < 100; i++) {
		fresh[i] = leash_new(&leaf_type);
		reused += fresh[i] == object;
	}
	baton_pass(&dying, 3);
	for (int i = 0; i < 100; i++) {
		leash_weak weak;

		leash_weak_init(&weak, fresh[i]);
		leash_release(fresh[i]);
		leash_weak_clear(&weak);
	}
	for (int i = 0; i < 1000; i++) {
		leash_weak weak;

		object = leash_new(&leaf_type);
		leash_weak_init(&weak, object);
		leash_release(object);
		leash_weak_clear(&weak);
	}
	leash_flush();
	while (number < 50000 && !reused) {
		late[number] = leash_new(&leaf_type);
		reused += late[number++] == memory;
	}
	baton_pass(&dying, 4);
	baton_await(&dying, 5);
	while (number)
		leash_release(late[--number]);
	return unused;
}

static void limbo(void)
{
	struct stop stop, mortal;

	stop_start(&mortal, "limbo: before the grace", die, NULL);
	baton_await(&dying, 1);
	stop_start(&stop, "weak: pointer read", load, &to_dying);
	stop_await(&stop);
	baton_pass(&dying, 2);
	baton_await(&dying, 3);
	is_int(reused, 0, "the memory of an object that a load has found is not used again");
	stop_await(&mortal);
	stop_resume(&mortal);
	usleep(50000);
	is_int(stop_state(&mortal), STOP_RESUMED, "nor given back, though much has died since");
	stop_resume(&stop);
	is_ptr(stop_end(&stop), NULL, "the load gives NULL");
	baton_await(&dying, 4);
	ok(reused || ADDRESS_SANITIZED || THREAD_SANITIZED, "then it is, and is another object's");
	is_ptr(leash_weak_load(&to_dying), NULL, "which the weak reference does not lead to");
	baton_pass(&dying, 5);
	stop_end(&mortal);
	leash_weak_clear(&to_dying);
}

static void two_make_the_first(void)
{
	struct node *node = node_new();
	struct stop stop;
	leash_weak weak;

	stop_start(&stop, "weak: flagged", point, node);
	stop_await(&stop);
	leash_weak_init(&weak, node);
	stop_resume(&stop);
	stop_end(&stop);
	is_int((long long)leash_weak_count(node), 2, "two threads make an object's first weak reference at once");
	leash_release(leash_weak_load(&weak));
	leash_release(leash_weak_load(&first_weak));
	leash_release(node);
	ok(!leash_weak_load(&weak) && !leash_weak_load(&first_weak), "both know of its death");
	leash_weak_clear(&weak);
	leash_weak_clear(&first_weak);
}

/* An object that is garbage to both readings gets its first weak reference, and is let go. */
static void first_beside_a_round(void)
{
	static const char *const points[] = { "collect: snapshot", "collect: first reading" };

	for (int i = 0; i < 2; i++) {
		struct node *node, *loaded;
		struct stop stop;
		leash_weak weak, late;

		node = pair(&weak, NULL);
		stop_start(&stop, points[i], collect, &full);
		stop_await(&stop);
		loaded = leash_weak_load(&weak);
		leash_weak_init(&late, loaded->next);
		leash_release(loaded);
		stop_resume(&stop);
		stop_end(&stop);
		loaded = leash_weak_load(&late);
		ok(!loaded || loaded == node->next, "a weak reference made beside a round gives what lives, or NULL");
		leash_release(loaded);
		leash_collect(2);
		is_ptr(leash_weak_load(&late), NULL, "and NULL when it is gone");
		leash_weak_clear(&weak);
		leash_weak_clear(&late);
	}
}

int main(void)
{
	lsh_point_hook = stop_hook;
	stop_never = true;
	leash_gc_disable();
	after_death();
	death_meets_load(false);
	death_meets_load(true);
	load_meets_owner();
	owner_meets_load();
	load_meets_revocation();
	fold_meets_load();
	rescue();
	condemned();
	verdict_meets_load();
	for (int i = 0; i < 4; i++)
		pieces(i & 1, i & 2);
	limbo();
	two_make_the_first();
	first_beside_a_round();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
