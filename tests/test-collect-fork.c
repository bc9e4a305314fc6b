/* fork and the cycle collector: the child of a process that collects all the time finds what its parent left, objects and
 * suspects, and collects by itself; and takes up the finalizers of a cycle that its parent was in the middle of. */
#include <leash/leash.h>
#include <sys/wait.h>
#include <unistd.h>
#include "knot.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"

#define FORKS (SLOW ? 10 : 60)
#define CREW  2

static bool over;

/* AddressSanitizer's malloc does not survive a fork while another thread is in it, the library's included. */
static void let_rest(void)
{
	if (ADDRESS_SANITIZED)
		usleep(50000);
}

/* Garbage all the time. */
static void *churn(void *argument)
{
	long number = 2;

	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		let_rest();
		if (ADDRESS_SANITIZED)
			continue;
		leash_release(plain_ring(number));
		number = number % 9 + 2;
	}
	return argument;
}

static void *child_thread(void *argument)
{
	for (int i = 0; i < 100; i++)
		leash_release(ring(argument, 3));
	return NULL;
}

static bool is_whole(const struct knot *first, long number)
{
	const struct knot *knot = first;

	for (long i = 0; i < number; i++, knot = knot->next)
		knot_check(knot);
	return knot == first;
}

/* Its exit status tells how far it came. */
static int child(struct knot *dropped, struct knot *living, struct obituary *inherited)
{
	struct obituary own = { 0 };

	alarm(120);
	leash_release(dropped);
	if (leash_collect(2) < 0)
		return 10;
	if (!WAIT_FOR(deaths(inherited) == 5))
		return 11;
	if (!is_whole(living, 7))
		return 12;
	thread_end(thread_start(child_thread, &own));
	if (leash_collect(2) < 0 || !WAIT_FOR(deaths(&own) == 300))
		return 13;
	leash_release(living);
	if (leash_collect(2) < 0 || !WAIT_FOR(deaths(inherited) == 12))
		return 14;
	return leash_shutdown() < 0 ? 15 : 0;
}

static int status_of(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail_out("no child");
	return status;
}

static void while_collecting(void)
{
	pthread_t threads[CREW];
	long good = 0, died = 0;

	leash_gc_set_threshold(20, 3, 3);
	for (int i = 0; i < CREW; i++)
		threads[i] = thread_start(churn, NULL);
	for (int i = 0; i < FORKS; i++) {
		struct obituary obituary = { 0 };
		struct knot *dropped = ring(&obituary, 5), *living = ring(&obituary, 7);
		pid_t pid;
		int status;

		let_rest();
		pid = fork();
		if (pid == 0)
			_exit(child(dropped, living, &obituary));
		status = status_of(pid);
		good += status == 0;
		if (status)
			diag("child %d: status %d, signal %d", i, WEXITSTATUS(status), WTERMSIG(status));
		leash_release(dropped);
		leash_release(living);
		leash_collect(2);
		died += WAIT_FOR(deaths(&obituary) == 12);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < CREW; i++)
		thread_end(threads[i]);
	is_int(good, FORKS, "%d children of a process that collects find its garbage and make their own", FORKS);
	is_int(died, FORKS, "and the parent goes on");
}

static struct obituary obituary;
static struct baton begun = BATON, done_with = BATON;
static int finalized;
static bool blocking = true;

static void slow_finalize(void *object)
{
	knot_check(object);
	if (__atomic_add_fetch(&finalized, 1, __ATOMIC_ACQ_REL) == 1 && blocking) {
		baton_pass(&begun, 1);
		baton_await(&done_with, 1);
	}
}

static const leash_type slow_type = {
	.name = "slow knot",
	.size = sizeof(struct knot),
	LEASH_FIELDS(struct knot, next, other, load),
	.finalize = slow_finalize,
	.destroy = knot_destroy,
};

static void *collect(void *unused)
{
	leash_collect(2);
	return unused;
}

static void while_finalizing(void)
{
	pthread_t thread;
	pid_t pid;

	leash_gc_disable();
	leash_release(ring_of(&slow_type, &obituary, 3));
	thread = thread_start(collect, NULL);
	baton_await(&begun, 1);
	pid = fork();
	if (pid == 0) {
		alarm(120);
		blocking = false;
		while (leash_collect(2) > 0)
			;
		/* The one that was running does not run again. */
		_exit(WAIT_FOR(deaths(&obituary) == 3) && finalized == 3 && leash_shutdown() == 0 ? 0 : 1);
	}
	is_int(status_of(pid), 0, "a child takes up the finalizers of a cycle where its parent is stuck");
	baton_pass(&done_with, 1);
	thread_end(thread);
	leash_collect(2);
	eventually(deaths(&obituary) == 3, "and the parent ends its own");
	is_int(finalized, 3, "each has run once");
}

int main(void)
{
	if (THREAD_SANITIZED)
		skip_all("the sanitizer cannot start threads in the child of a process with threads");
	while_finalizing();
	leash_gc_enable();
	while_collecting();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
