/* fork() while other threads count: parent and child go on, and in the child the objects of threads it does not
 * have can be dropped and die. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define CREW 4
#define EACH 100
#define FORKS 50

struct link {
	struct link *next;
	struct mortal *load;
};

static const leash_type link_type = {
	.name = "link",
	.size = sizeof(struct link),
	LEASH_FIELDS(struct link, next, load),
};

static struct obituary obituary;
static int stop;
static struct baton baton = BATON;

/* Made by the crew's threads and theirs; nobody touches them before the fork. */
static struct mortal *quiet[CREW][EACH];
static struct link *lists[CREW];
/* Counted on by all threads all the time. */
static struct mortal *busy[CREW];
static int ready;

static void *crew(void *argument)
{
	int me = (int)(long)argument;
	unsigned seed = (unsigned)me;
	struct mortal *held[8] = { NULL };

	for (int i = 0; i < EACH; i++) {
		struct link *link = leash_new(&link_type);

		quiet[me][i] = mortal_new(&obituary);
		link->load = mortal_new(&obituary);
		link->next = lists[me];
		lists[me] = link;
	}
	busy[me] = mortal_new(&obituary);
	__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	baton_await(&baton, 1);
	for (int rounds = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); rounds++) {
		struct mortal **h = &held[rand_r(&seed) % 8];

		leash_set(h, busy[rand_r(&seed) % CREW]);
		/* AddressSanitizer's malloc does not survive a fork while another thread is in it. */
		if (!ADDRESS_SANITIZED)
			leash_set_take(h, mortal_new(&obituary));
		leash_release(leash_retain(busy[rand_r(&seed) % CREW]));
		if (rand_r(&seed) % 64 == 0)
			leash_flush();
		if (rounds == 1000)
			__atomic_fetch_add(&ready, 1, __ATOMIC_RELEASE);
	}
	for (int i = 0; i < 8; i++)
		leash_clear(&held[i]);
	return NULL;
}

static void *child_thread(void *argument)
{
	struct mortal *m = mortal_new(argument);

	for (int i = 0; i < 1000; i++)
		leash_release(leash_retain(m));
	for (int i = 0; i < 1000; i++)
		leash_release(leash_retain(busy[i % CREW]));
	leash_release(m);
	return NULL;
}

/* What the child does; its exit status tells how far it came.  Of what was in flight in threads that it does not
 * have, references may be lost, one or two for each and the eight that each held, but no more. */
static int child(int round)
{
	struct obituary dead = { 0 };
	long left;

	alarm(120);
	/* The child's own objects. */
	struct mortal *m = mortal_new(&dead);
	if (!is_mine(m) && owner_of(m) != LEASH__NOBODY)
		return 10;
	leash_release(leash_retain(m));
	leash_release(m);
	if (deaths(&dead) != 1)
		return 11;
	/* Its own threads. */
	pthread_t one = thread_start(child_thread, &dead), two = thread_start(child_thread, &dead);
	thread_end(one);
	thread_end(two);
	if (!WAIT_FOR(deaths(&dead) == 3))
		return 12;
	/* The objects of threads that it does not have. */
	for (int c = 0; c < CREW; c++)
		for (int i = 0; i < EACH; i++) {
			if (leash_refcount(quiet[c][i]) != 1 || leash_typeof(quiet[c][i]) != &mortal_type)
				return 13;
			quiet[c][i]->obituary = &dead;
			leash_release(quiet[c][i]);
		}
	if (!WAIT_FOR(deaths(&dead) == 3 + CREW * EACH))
		return 14;
	for (int c = 0; c < CREW; c++) {
		for (struct link *l = lists[c]; l; l = l->next)
			l->load->obituary = &dead;
		leash_release(lists[c]);
	}
	if (!WAIT_FOR(deaths(&dead) == 3 + 2 * CREW * EACH))
		return 15;
	/* And what they counted on. */
	for (int c = 0; c < CREW; c++) {
		if (leash_refcount(busy[c]) == 0)
			return 16;
		leash_release(busy[c]);
	}
	leash_flush();
	if (round % 2 && (left = leash_shutdown()) && (left < 0 || left > CREW * 12))
		return left < 0 ? 17 : 18;
	m = mortal_new(&dead);
	leash_release(m);
	if (deaths(&dead) != 4 + 2 * CREW * EACH)
		return 19;
	if (round % 10 == 0) {
		pid_t grandchild = fork();
		int status;

		if (grandchild == 0) {
			m = mortal_new(&dead);
			leash_release(m);
			_exit(deaths(&dead) == 5 + 2 * CREW * EACH && leash_shutdown() >= 0 ? 0 : 1);
		}
		if (waitpid(grandchild, &status, 0) != grandchild || status)
			return 20;
	}
	return 0;
}

static pthread_t threads[CREW];

static void forks(void)
{
	int good = 0;

	for (int round = 0; round < FORKS; round++) {
		pid_t pid = fork();
		int status = 0;

		if (pid == 0)
			_exit(child(round));
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			bail_out("no child");
		if (status == 0)
			good++;
		else if (WIFSIGNALED(status))
			diag("child %d was ended by signal %d", round, WTERMSIG(status));
		else
			diag("child %d stopped at %d", round, WEXITSTATUS(status));
	}
	is_int(good, FORKS, "%d children of a busy process use the library", FORKS);
}

static void *fork_from_thread(void *argument)
{
	(void)argument;
	forks();
	return NULL;
}

/* A hook that forks, on the library's own thread. */
static int hook_status = -1;

static void forking_finalize(void *object)
{
	struct obituary dead = { 0 };
	pid_t pid = fork();
	int status;

	(void)object;
	if (pid == 0) {
		struct mortal *m = mortal_new(&dead);

		/* What a hook releases dies after it has returned, which this one does not. */
		leash_release(leash_retain(m));
		_exit(leash_refcount(m) == 1 && leash_shutdown() == -EDEADLK ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	__atomic_store_n(&hook_status, status, __ATOMIC_RELEASE);
}

static const leash_type forking_type = {
	.name = "forking",
	.size = sizeof(struct mortal),
	.finalize = forking_finalize,
	.destroy = mortal_destroy,
};

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void fork_in_a_hook(void)
{
	struct obituary dead = { 0 };

	elsewhere(drop, mortal_of(&forking_type, &dead));
	eventually(deaths(&dead) == 1, "an object dies whose finalizer forks");
	is_int(__atomic_load_n(&hook_status, __ATOMIC_ACQUIRE), 0, "and the child uses the library");
}

int main(void)
{
	pid_t pid;
	int status;

	if (THREAD_SANITIZED)
		skip_all("the sanitizer cannot start threads in the child of a process with threads");
	/* First with the library at rest, before anything was made. */
	pid = fork();
	if (pid == 0) {
		struct mortal *m = mortal_new(&obituary);

		elsewhere(child_thread, (busy[0] = busy[1] = busy[2] = busy[3] = m, &obituary));
		leash_release(m);
		_exit(WAIT_FOR(deaths(&obituary) == 2) && leash_shutdown() == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a child begins to use the library");

	for (long i = 0; i < CREW; i++)
		threads[i] = thread_start(crew, (void *)i);
	if (!WAIT_FOR(__atomic_load_n(&ready, __ATOMIC_ACQUIRE) == CREW))
		bail_out("the crew is not ready");
	baton_pass(&baton, 1);
	/* By then the library's threads run as well. */
	if (!WAIT_FOR(__atomic_load_n(&ready, __ATOMIC_ACQUIRE) == 2 * CREW))
		bail_out("the crew does not work");
	forks();
	elsewhere(fork_from_thread, NULL);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < CREW; i++)
		thread_end(threads[i]);
	int wrong = 0;
	for (int c = 0; c < CREW; c++) {
		wrong += !WAIT_FOR(leash_refcount(busy[c]) == 1);
		leash_release(busy[c]);
		leash_release(lists[c]);
		for (int i = 0; i < EACH; i++) {
			wrong += leash_refcount(quiet[c][i]) != 1;
			leash_release(quiet[c][i]);
		}
	}
	fork_in_a_hook();
	is_int(wrong, 0, "the parent's counts are as if nothing had been forked");
	is_int(leash_shutdown(), 0, "and nothing is left in it");
	return done();
}
