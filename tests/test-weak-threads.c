/* Weak references between threads: each race played once and on purpose, with a thread stopped at the point that
 * decides it. */
#include <leash/leash.h>
#include <sys/wait.h>
#include "header.h"
#include "mortal.h"
#include "points.h"
#include "sanitized.h"
#include "stops.h"

struct node {
	struct node *next, *other;
	struct obituary *obituary;
};

static void node_destroy(void *object)
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

/* No hooks, no fields: it dies the shortest way. */
static const leash_type leaf_type = {
	.name = "leaf",
	.size = 24,
	.flags = LEASH_WEAKABLE | LEASH_PROMPT,
};

static struct obituary obituary;

static struct node *node_new(void)
{
	struct node *node = leash_new(&node_type);

	node->obituary = &obituary;
	return node;
}

static void *load(void *weak)
{
	return leash_weak_load((leash_weak *)weak);
}

static void *ask(void *weak)
{
	return leash_weak_expired((leash_weak *)weak) ? weak : NULL;
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void *collect(void *generation)
{
	return (void *)(uintptr_t)leash_collect(*(int *)generation);
}

static int full = 2;

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

/* A pair, each of which refers to the other, that nobody holds; the first may refer to the first of another. */
static struct node *pair(leash_weak *weak, struct node *leads_to)
{
	struct node *a = node_new(), *b = node_new();

	leash_set(&a->next, b);
	leash_set_take(&b->next, a);
	leash_set(&a->other, leads_to);
	leash_weak_init(weak, a);
	leash_release(b);
	return a;
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

static leash_weak first_weak;

static void *point(void *object)
{
	leash_weak_init(&first_weak, object);
	return NULL;
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

static int told[2];
static struct baton watching = BATON;

static void tell(void *which)
{
	__atomic_fetch_add((int *)which, 1, __ATOMIC_ACQ_REL);
}

static void tell_slowly(void *which)
{
	tell(which);
	baton_pass(&watching, 1);
	baton_await(&watching, 2);
}

static int is_told(int i)
{
	return __atomic_load_n(&told[i], __ATOMIC_ACQUIRE);
}

static void cancel_beside_a_call(void)
{
	struct node *node = node_new();
	leash_watch *watches[2];
	pthread_t thread;

	memset(told, 0, sizeof told);
	watching = (struct baton)BATON;
	leash_handoff(node);
	/* The last one added is the first one told. */
	watches[1] = leash_watch_add(node, tell, &told[1]);
	watches[0] = leash_watch_add(node, tell_slowly, &told[0]);
	thread = thread_start(drop, node);
	baton_await(&watching, 1);
	ok(!leash_watch_cancel(watches[0]), "a watch that is being told cannot be cancelled any more");
	ok(leash_watch_cancel(watches[1]), "the next one can");
	baton_pass(&watching, 2);
	thread_end(thread);
	ok(is_told(0) == 1 && is_told(1) == 0, "and is not told");
}

/* Both of a pair are watched, garbage whose finalizer keeps them leads there, and gives them new weak references before
 * both have been told. */
struct rescuer {
	struct rescuer *self;
	struct node *node;
	leash_weak *weak;
};
static struct node *saved;

static void save(void *object)
{
	struct rescuer *rescuer = object;
	struct node *node = leash_retain(rescuer->node);

	leash_weak_init(&rescuer->weak[0], node);
	leash_weak_init(&rescuer->weak[1], node->next);
	__atomic_store_n(&saved, node, __ATOMIC_RELEASE);
}

static const leash_type rescuer_type = {
	.name = "rescuer",
	.size = sizeof(struct rescuer),
	LEASH_FIELDS(struct rescuer, self, node),
	.finalize = save,
};

static void watched_and_brought_back(void)
{
	struct rescuer *rescuer;
	struct node *node;
	leash_watch *watches[2];
	leash_weak weak, later[2];
	struct stop stop;

	memset(told, 0, sizeof told);
	watching = (struct baton)BATON;
	pair(&weak, NULL);
	node = leash_weak_load(&weak);
	watches[0] = leash_watch_add(node, tell_slowly, &told[0]);
	watches[1] = leash_watch_add(node->next, tell_slowly, &told[1]);
	rescuer = leash_new(&rescuer_type);
	rescuer->weak = later;
	leash_set(&rescuer->self, rescuer);
	leash_set_take(&rescuer->node, node);
	leash_release(rescuer);
	stop_start(&stop, NULL, collect, &full);
	baton_await(&watching, 1);
	/* By the collecting thread, when the other does not get on. */
	eventually(__atomic_load_n(&saved, __ATOMIC_ACQUIRE) != NULL, "a finalizer keeps what it leads to");
	is_int(is_told(0) + is_told(1), 1, "while one of two watches is told");
	baton_pass(&watching, 2);
	is_int((intptr_t)stop_end(&stop), 1, "it goes itself");
	is_ptr(leash_weak_load(&weak), NULL, "the others have lost their weak references");
	is_int(is_told(0) + is_told(1), 2, "and both watches have been told");
	leash_release(leash_weak_load(&later[0]));
	leash_release(leash_weak_load(&later[1]));
	leash_release(saved);
	is_int(leash_collect(2), 2, "later they go, too");
	ok(is_told(0) == 1 && is_told(1) == 1, "and nobody is told again");
	leash_watch_cancel(watches[0]);
	leash_watch_cancel(watches[1]);
	leash_weak_clear(&weak);
	leash_weak_clear(&later[0]);
	leash_weak_clear(&later[1]);
}

/* The child's part: what it finds is what there was. */
static int in_child(struct node *node, leash_weak *weak, struct node *half)
{
	leash_weak other;
	void *loaded = leash_weak_load(weak);

	if (loaded != node)
		return 1;
	leash_release(loaded);
	/* Another thread was making this one's first weak reference. */
	if (leash_weak_init(&other, half) != 0 || (loaded = leash_weak_load(&other)) != half)
		return 2;
	leash_release(loaded);
	leash_release(half);
	leash_flush();
	if (leash_weak_load(&other))
		return 3;
	leash_release(node);
	if (leash_weak_load(weak) || is_told(1) != 1)
		return 4;
	return 0;
}

static void fork_with_weak_references(void)
{
	struct node *node = node_new(), *half = node_new();
	struct stop stop;
	leash_weak weak;
	leash_watch *watch;
	int status;
	pid_t pid;

	memset(told, 0, sizeof told);
	leash_weak_init(&weak, node);
	watch = leash_watch_add(node, tell, &told[1]);
	stop_start(&stop, "weak: flagged", point, half);
	stop_await(&stop);
	pid = fork();
	if (pid == 0) {
		lsh_point_hook = NULL;
		alarm(60);
		_exit(in_child(node, &weak, half));
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a child's weak references and watches are those of its parent");
	stop_resume(&stop);
	stop_end(&stop);
	leash_weak_clear(&first_weak);
	leash_release(half);
	leash_release(node);
	is_int(is_told(1), 1, "and the parent keeps its own");
	leash_weak_clear(&weak);
	leash_watch_cancel(watch);
}

/* While the library's thread tells one of two watches. */
static void fork_with_a_call(void)
{
	struct node *node = node_new();
	leash_watch *watches[2];
	int status, before = deaths(&obituary);
	pid_t pid;

	memset(told, 0, sizeof told);
	watching = (struct baton)BATON;
	watches[1] = leash_watch_add(node, tell, &told[1]);
	watches[0] = leash_watch_add(node, tell_slowly, &told[0]);
	elsewhere(drop, node);
	baton_await(&watching, 1);
	pid = fork();
	if (pid == 0) {
		lsh_point_hook = NULL;
		alarm(60);
		_exit(leash_shutdown() >= 0 && is_told(0) == 1 && is_told(1) == 1 &&
				      deaths(&obituary) == before + 1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a child tells those that have yet to be told, once, and buries the object");
	baton_pass(&watching, 2);
	eventually(deaths(&obituary) == before + 1, "and so does the parent");
	ok(is_told(0) == 1 && is_told(1) == 1, "once");
	leash_watch_cancel(watches[0]);
	leash_watch_cancel(watches[1]);
}

/* A thread is adding a watch: in the child their lock is free, and their list whole. */
static void *add_and_cancel(void *object)
{
	leash_watch_cancel(leash_watch_add(object, tell, &told[0]));
	return NULL;
}

static void *resume_soon(void *stop)
{
	usleep(100000);
	stop_resume(stop);
	return NULL;
}

static void fork_with_a_busy_list(void)
{
	struct node *node = node_new();
	struct stop stop;
	pthread_t soon;
	int status;
	pid_t pid;

	stop_start(&stop, "watch: listed", add_and_cancel, node);
	stop_await(&stop);
	soon = thread_start(resume_soon, &stop);
	pid = fork();
	if (pid == 0) {
		lsh_point_hook = NULL;
		alarm(10);
		add_and_cancel(node);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a child finds the list of watches whole");
	stop_end(&stop);
	thread_end(soon);
	leash_release(node);
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
	cancel_beside_a_call();
	watched_and_brought_back();
	if (THREAD_SANITIZED) {
		skip(6, "the sanitizer cannot start threads in the child of a process with threads");
	} else {
		fork_with_weak_references();
		fork_with_a_call();
		fork_with_a_busy_list();
	}
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
