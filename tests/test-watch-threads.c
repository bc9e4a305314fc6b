/* Watches between threads: each race played once and on purpose; and what a fork leaves of them and of weak references. */
#include <leash/leash.h>
#include <sys/wait.h>
#include "points.h"
#include "sanitized.h"
#include "stops.h"
#include "weak-node.h"

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
