/* fork() while other threads are inside read sections: the child does not wait for readers it does not have. */
#include <leash/leash.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "mortal.h"
#include "points.h"
#include "sanitized.h"
#include "stops.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static leash_slot slot;
static struct obituary obituary;
static struct baton baton = BATON;
static int freed;

static void *reader(void *argument)
{
	const struct mortal *peeked;

	leash_read_lock();
	peeked = leash_slot_peek(&slot);
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	if (peeked->value != 42)
		bail_out("what was peeked at is no more");
	leash_read_unlock();
	return argument;
}

/* Replaces what is in the slot, with a weak reference and a watch to it; all of it must come to its end. */
static void told(void *argument)
{
	*(int *)argument += 1;
}

static bool replaced(void)
{
	struct mortal *old = leash_slot_load(&slot);
	int before = deaths(&obituary), calls = 0;
	leash_watch *watch = leash_watch_add(old, told, &calls);
	leash_weak weak;

	leash_weak_init(&weak, old);
	leash_slot_clear(&slot);
	leash_release(old);
	if (!watch || leash_weak_load(&weak))
		return false;
	leash_weak_clear(&weak);
	return WAIT_FOR(deaths(&obituary) == before + 1) && calls == 1 && !leash_watch_cancel(watch);
}

static const leash_type mortal_weakable = {
	.name = "weakable mortal",
	.size = sizeof(struct mortal),
	.flags = LEASH_WEAKABLE,
	.destroy = mortal_destroy,
};

static int child_of(bool inside)
{
	sigset_t all, mask;
	pid_t child;
	int status;

	sigfillset(&all);
	if (inside)
		leash_read_lock();
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	child = fork();
	if (child == 0) {
		sigset_t now;

		pthread_sigmask(SIG_SETMASK, NULL, &now);
		if (!sigismember(&now, SIGTERM))
			_exit(3);
		if (inside)
			leash_read_unlock();
		_exit(replaced() ? 0 : 4);
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (inside)
		leash_read_unlock();
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void free_noted(void *unused)
{
	(void)unused;
	__atomic_fetch_add(&freed, 1, __ATOMIC_RELEASE);
}

/* The finalizer thread has taken them, and they die in the child as well. */
static void in_hand(const char *at, const char *what)
{
	struct stop stop;
	int status, before = deaths(&obituary);
	pid_t child;

	freed = 0;
	stop_one_of_the_library(&stop, at);
	leash_slot_store_take(&slot, mortal_new(&obituary));
	leash_slot_clear(&slot);
	leash_retire(&freed, free_noted);
	stop_await(&stop);
	child = fork();
	if (child == 0) {
		bool both = WAIT_FOR(deaths(&obituary) == before + 1 && __atomic_load_n(&freed, __ATOMIC_ACQUIRE));

		_exit(both && leash_shutdown() == 0 ? 0 : 1);
	}
	stop_resume(&stop);
	waitpid(child, &status, 0);
	is_int(status, 0, "%s: what waits for readers is not lost to the child", what);
	eventually(deaths(&obituary) == before + 1 && __atomic_load_n(&freed, __ATOMIC_ACQUIRE), "%s: nor to the parent", what);
}

int main(void)
{
	struct mortal *object;
	pthread_t thread;

	if (THREAD_SANITIZED)
		skip_all("ThreadSanitizer allows no threads in the child of a fork");
	object = mortal_of(&mortal_weakable, &obituary);
	object->value = 42;
	leash_slot_store_take(&slot, object);
	/* The library's threads are there, too. */
	leash_release(leash_slot_load(&slot));
	thread = thread_start(reader, NULL);
	baton_await(&baton, 1);
	is_int(child_of(false), 0, "in the child what was published dies, though a thread that vanished was looking at it");
	is_int(child_of(true), 0, "also if the fork was inside a read section");
	is_int(deaths(&obituary), 0, "in the parent it lives");
	baton_pass(&baton, 2);
	thread_end(thread);
	ok(replaced(), "where it dies when it is replaced");
	leash_slot_clear(&slot);
	lsh_point_hook = stop_hook;
	in_hand("finalizers: about to wait", "before the wait");
	in_hand("finalizers: have waited", "after it");
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
