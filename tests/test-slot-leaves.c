/* Leaves without hooks that die of having been in a slot: their memory waits for readers with the thread that found the death,
 * and comes back to it. */
#include <leash/leash.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/finalizers.h"
#include "../lib/readers.h"
#include "../lib/thread.h"
#include "points.h"
#include "sanitized.h"
#include "stops.h"
#include "tasks.h"

#define ENOUGH 1024 /* deaths, for a thread to ask */
#define FEW    1200
#define MANY   8000

struct leaf {
	size_t number, same;
	char rest[];
};

static const leash_type leaf_type = { .name = "leaf", .size = sizeof(struct leaf) };

static leash_slot slot;

static void fill(const struct leaf *leaf, size_t number)
{
	struct leaf *mine = (struct leaf *)(uintptr_t)leaf;

	mine->number = mine->same = number;
}

/* Puts one after the other into the slot; whether one of them was born where `seen` lies. */
static bool replace(size_t times, size_t extra, const struct leaf *seen)
{
	bool met = false;

	for (size_t i = 1; i <= times; i++) {
		struct leaf *leaf = leash_new_extra(&leaf_type, extra);

		if (!leaf)
			bail_out("no memory");
		met = met || leaf == seen;
		fill(leaf, i);
		leash_slot_store_take(&slot, leaf);
	}
	return met;
}

static bool is_whole(const struct leaf *leaf)
{
	return leaf->number == MANY && leaf->same == MANY;
}

static void own_section(size_t extra, const char *what)
{
	const struct leaf *seen;
	bool met;

	replace(MANY, extra, NULL);
	lsh_await_readers();
	leash_read_lock();
	seen = leash_slot_peek(&slot);
	met = replace(MANY - 1, extra, seen);
	ok(!met && is_whole(seen), "%s: what the thread itself looks at stays, whatever dies meanwhile", what);
	leash_flush();
	met = replace(MANY - 1, extra, seen);
	ok(!met && is_whole(seen), "%s: also after a flush", what);
	leash_read_unlock();
	leash_flush();
	eventually(lsh_retired_waiting() == 0, "%s: after the section nothing waits", what);
	leash_slot_clear(&slot);
}

struct reader {
	struct baton baton;
	bool whole;
};

static void *read_on(void *argument)
{
	struct reader *reader = argument;
	const struct leaf *seen;

	leash_read_lock();
	seen = leash_slot_peek(&slot);
	baton_pass(&reader->baton, 1);
	baton_await(&reader->baton, 2);
	reader->whole = is_whole(seen);
	leash_read_unlock();
	return (void *)(uintptr_t)seen;
}

static void another_reader(void)
{
	struct reader reader = { .baton = BATON };
	const struct leaf *seen;
	pthread_t thread;
	bool met;

	replace(MANY, 0, NULL);
	seen = leash_slot_peek(&slot);
	thread = thread_start(read_on, &reader);
	baton_await(&reader.baton, 1);
	met = replace(MANY - 1, 0, seen);
	ok(lsh_retired_waiting() > 0, "what readers keep a thread from taking back goes to the finalizer thread");
	baton_pass(&reader.baton, 2);
	thread_end(thread);
	ok(!met && reader.whole, "what another thread looks at stays");
	leash_flush();
	eventually(lsh_retired_waiting() == 0, "and goes after its section");
	if (SANITIZED)
		skip(1, "a sanitizer's memory is not reused soon");
	else
		ok(WAIT_FOR(replace(MANY, 0, seen)), "then its memory is used again");
	leash_slot_clear(&slot);
}

/* A reader that begins when the wait is as good as over has not been waited for. */
static void asked_during_wait(void)
{
	struct reader reader = { .baton = BATON };
	const struct leaf *seen;
	struct stop stop;
	pthread_t thread;
	bool met;

	stop_one_of_the_library(&stop, "readers: waited");
	replace(MANY, 0, NULL);
	leash_flush();
	stop_await(&stop);
	seen = leash_slot_peek(&slot);
	thread = thread_start(read_on, &reader);
	baton_await(&reader.baton, 1);
	met = replace(FEW, 0, seen);
	stop_resume(&stop);
	usleep(20000);
	met = met || replace(FEW, 0, seen);
	baton_pass(&reader.baton, 2);
	thread_end(thread);
	ok(!met && reader.whole, "what is asked for during a wait is not over with it");
	leash_slot_clear(&slot);
}

static void comes_back(void)
{
	size_t before;

	leash_flush();
	eventually(!lsh_finalizers_busy(), "nothing waits");
	before = lsh_finalizers_ended();
	for (int i = 0; i < 20; i++) {
		replace(ENOUGH, 0, NULL);
		lsh_await_readers();
	}
	is_int(lsh_finalizers_ended() + lsh_retired_waiting(), before, "what nobody looks at comes back to its thread, and goes to no other");
	is_int((long long)lsh_shown_count(lsh_record()), 2 * ENOUGH - 1, "it is there");
	leash_flush();
	is_int((long long)lsh_shown_count(lsh_record()), 0, "until a flush");
	/* The first found the slot empty. */
	is_int(lsh_finalizers_ended() - before + lsh_retired_waiting(), ENOUGH - 1,
	       "which gives away what nobody has been asked about");
	leash_slot_clear(&slot);
}

static void large_one(void)
{
	size_t before;

	eventually(!lsh_finalizers_busy(), "the finalizer thread has nothing to do");
	before = lsh_finalizers_ended();
	replace(1, 100000, NULL);
	leash_slot_clear(&slot);
	eventually(lsh_finalizers_ended() == before + 1, "a large one does not wait for the next to die");
}

static void *replace_and_end(void *unused)
{
	replace(MANY / 9, 0, NULL);
	return unused;
}

static void end_of_thread(void)
{
	thread_end(thread_start(replace_and_end, NULL));
	eventually(lsh_retired_waiting() == 0, "what a thread leaves waiting at its end goes");
	leash_slot_clear(&slot);
}

static void child(void)
{
	pid_t pid;
	int status;

	replace(MANY / 9, 0, NULL);
	pid = fork();
	if (pid == 0) {
		bool met = replace(MANY, 0, leash_slot_peek(&slot));

		leash_slot_clear(&slot);
		_exit(!met || SANITIZED || leash_shutdown() == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "the child of a fork goes on with what its thread has waiting");
	leash_slot_clear(&slot);
}

/* Threads that have ended have given away what they had, and so has the library's own. */
static void comes_to_rest(int tasks, void (*leave)(void), const char *what)
{
	leave();
	is_int(leash_shutdown(), 0, "%s: nothing is left", what);
	/* A thread that was joined may stay in /proc for a moment; the sanitizer starts one of its own. */
	ok(THREAD_SANITIZED || WAIT_FOR(task_count() == tasks), "%s: no thread of the library's is", what);
	ok(!lsh_finalizers_busy(), "%s: nothing waits", what);
}

static void leave_some_here(void)
{
	replace(5, 0, NULL);
	leash_slot_clear(&slot);
}

struct holder {
	leash_slot leaf;
};

static int ended_holders;

static void note_end(void *holder)
{
	(void)holder;
	__atomic_fetch_add(&ended_holders, 1, __ATOMIC_RELEASE);
}

static const leash_type holder_type = {
	.name = "holder",
	.size = sizeof(struct holder),
	LEASH_FIELDS(struct holder, leaf),
	.destroy = note_end,
};

/* Its fields are released on the finalizer thread. */
static void leave_some_there(void)
{
	for (int i = 0; i < 5; i++) {
		struct holder *holder = leash_new(&holder_type);
		struct leaf *leaf = leash_new(&leaf_type);

		leash_handoff(leaf); /* or the background thread would find its death */
		leash_slot_store_take(&holder->leaf, leaf);
		leash_slot_store_take(&slot, holder);
	}
	leash_slot_clear(&slot);
	eventually(__atomic_load_n(&ended_holders, __ATOMIC_ACQUIRE) == 5, "five objects end on the finalizer thread");
}

/* A process that ends as it is has lost nothing, as LeakSanitizer sees it. */
static void ends_at_once(void)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		replace(ENOUGH + ENOUGH / 2, 0, NULL);
		exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "what waits at the end of the process is no leak");
}

int main(void)
{
	int tasks = task_count();

	ends_at_once();
	lsh_point_hook = stop_hook;
	comes_to_rest(tasks, leave_some_here, "leaves of the caller's");
	comes_to_rest(tasks, leave_some_there, "leaves of the finalizer thread's");
	own_section(0, "small ones");
	own_section(100, "with a tail");
	own_section(5000, "large ones");
	another_reader();
	asked_during_wait();
	comes_back();
	large_one();
	end_of_thread();
	if (THREAD_SANITIZED)
		skip(1, "ThreadSanitizer allows no threads in the child of a fork");
	else
		child();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
