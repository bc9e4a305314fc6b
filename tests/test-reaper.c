/* Where hooks run: on the thread that found the death, or, for deaths that only a flush or a revocation finds,
 * on a thread of the library's own, which holds up nobody and sleeps when there is nothing to do. */
#include <leash/leash.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static pthread_t where[3];
static int finished;

static void note_close(void *object)
{
	(void)object;
	where[0] = pthread_self();
}

static void note_finalize(void *object)
{
	(void)object;
	where[1] = pthread_self();
}

static void note_destroy(void *object)
{
	(void)object;
	where[2] = pthread_self();
	__atomic_fetch_add(&finished, 1, __ATOMIC_RELEASE);
}

static const leash_type witness_type = {
	.name = "witness",
	.size = 16,
	.close = note_close,
	.finalize = note_finalize,
	.destroy = note_destroy,
};

static int all_finished(void)
{
	return __atomic_load_n(&finished, __ATOMIC_ACQUIRE);
}

static bool all_on(pthread_t thread)
{
	return pthread_equal(where[0], thread) && pthread_equal(where[1], thread) && pthread_equal(where[2], thread);
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void *drop_and_tell(void *object)
{
	int before = all_finished();

	leash_release(object);
	ok(all_finished() == before + 1 && all_on(pthread_self()), "another thread's prompt death: its own hooks");
	return NULL;
}

struct both {
	void *object;
	pthread_t self;
};

static void *make(void *argument)
{
	struct both *both = argument;

	both->self = pthread_self();
	both->object = leash_new(&witness_type);
	return NULL;
}

static void prompt_and_deferred(void)
{
	void *object;
	pthread_t main_thread = pthread_self(), dropper;

	leash_release(leash_new(&witness_type));
	ok(all_finished() == 1 && all_on(main_thread), "the hooks of a prompt death run where it is found");
	object = leash_new(&witness_type);
	leash_handoff(object);
	elsewhere(drop_and_tell, object);
	is_int(all_finished(), 2, "at once");

	object = leash_new(&witness_type);
	dropper = thread_start(drop, object);
	eventually(all_finished() == 3, "a death found by revocation is found");
	ok(!all_on(main_thread) && !all_on(dropper), "its hooks run on neither thread of the program");
	ok(all_on(where[0]), "but on one and the same");
	thread_end(dropper);
	pthread_t library = where[0];

	struct both both;
	elsewhere(make, &both);
	leash_release(both.object);
	eventually(all_finished() == 4, "so is an ended thread's");
	ok(all_on(library) || all_on(main_thread), "by the library, or by whoever dropped it");
}

static struct baton gate = BATON;
static int blocked_threads;

static void blocking_finalize(void *object)
{
	(void)object;
	__atomic_fetch_add(&blocked_threads, 1, __ATOMIC_RELEASE);
	baton_await(&gate, 1);
}

static const leash_type blocking_type = {
	.name = "blocking",
	.size = 16,
	.finalize = blocking_finalize,
	.destroy = note_destroy,
};

struct plain {
	struct plain *next;
};

static const leash_type plain_type = {
	.name = "plain",
	.size = sizeof(struct plain),
	LEASH_FIELDS(struct plain, next),
};

static long statistic(const char *wanted)
{
	char *text = NULL, name[64];
	size_t length = 0;
	long value, sum = -1;
	FILE *stream = open_memstream(&text, &length);

	leash_stats_print(stream, LEASH_TEXT);
	fclose(stream);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%63s %ld", name, &value) == 2 && strncmp(name, wanted, strlen(wanted)) == 0)
			sum = sum < 0 ? value : sum + value;
	free(text);
	return sum;
}

static void *make_plain(void *argument)
{
	struct plain *list = NULL;

	for (long i = 0; i < (long)argument; i++) {
		struct plain *plain = leash_new(&plain_type);

		plain->next = list;
		list = plain;
	}
	return list;
}

static struct baton maker_gate = BATON;
static struct plain *made[100];

static void *sleeping_maker(void *argument)
{
	(void)argument;
	for (int i = 0; i < 100; i++)
		made[i] = make_plain((void *)10L);
	baton_pass(&maker_gate, 1);
	baton_await(&maker_gate, 2);
	return NULL;
}

static void blocked(void)
{
	int before = all_finished();
	pthread_t maker = thread_start(sleeping_maker, NULL);
	long dead;

	baton_await(&maker_gate, 1);
	elsewhere(drop, leash_new(&blocking_type));
	eventually(__atomic_load_n(&blocked_threads, __ATOMIC_ACQUIRE) == 1, "a deferred death's finalizer blocks");
	dead = statistic("deaths");
	for (int i = 0; i < 100; i++)
		leash_release(made[i]);
	eventually(statistic("deaths") == dead + 1000, "others are revoked and die meanwhile (%ld)",
	   statistic("deaths") - dead);
	leash_release(leash_new(&witness_type));
	is_int(all_finished(), before + 1, "prompt deaths run their hooks");
	leash_flush();
	elsewhere(drop, leash_new(&witness_type));
	is_int(__atomic_load_n(&blocked_threads, __ATOMIC_ACQUIRE), 1, "nobody else is held up");
	baton_pass(&gate, 1);
	eventually(all_finished() == before + 3, "when it goes on, the queue behind it does");
	baton_pass(&maker_gate, 2);
	thread_end(maker);
}

/* The work of all threads but this one: times they were woken, and time they ran. */
static long activity(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	long sum = 0;

	while (tasks && (entry = readdir(tasks))) {
		char path[300], line[256];
		long switches;
		FILE *status;

		if (entry->d_name[0] == '.' || atol(entry->d_name) == (long)syscall(SYS_gettid))
			continue;
		snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
		if (!(status = fopen(path, "r")))
			continue;
		while (fgets(line, sizeof line, status))
			if (sscanf(line, "voluntary_ctxt_switches: %ld", &switches) == 1)
				sum += switches + 1;
		fclose(status);
	}
	if (tasks)
		closedir(tasks);
	return sum;
}

static bool quiet_for_a_while(void)
{
	long before = activity();

	for (int i = 0; i < 10; i++) {
		usleep(50000);
		if (activity() != before)
			return false;
	}
	return true;
}

static void idle(void)
{
	struct mortal *m = mortal_new(&(struct obituary){ 0 });
	struct obituary obituary = { 0 };
	bool quiet = false;

	m->obituary = &obituary;
	elsewhere(drop, leash_retain(m));
	ok(activity() > 0, "the library has threads");
	for (int i = 0; i < 60 && !quiet; i++)
		quiet = quiet_for_a_while();
	ok(quiet, "when there is nothing to do they sleep");
	/* They are there again when there is. */
	elsewhere(drop, leash_retain(m));
	elsewhere(drop, m);
	eventually(deaths(&obituary) == 1, "and wake up for work");
}

/* A signal for the process goes to a thread that has not blocked it: never to one of the library's. */
static void handler(int number)
{
	(void)number;
}

static void signals(void)
{
	sigset_t one, pending;
	int before = all_finished();

	elsewhere(drop, leash_new(&witness_type));
	eventually(all_finished() == before + 1, "both threads of the library have worked");
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	signal(SIGUSR1, handler);
	pthread_sigmask(SIG_BLOCK, &one, NULL);
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	ok(sigismember(&pending, SIGUSR1), "the library's threads take no signals");
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	signal(SIGUSR1, SIG_DFL);
}

/* Many more deferred deaths than the library's thread may leave waiting. */
static int flooded;

static void slow_destroy(void *object)
{
	(void)object;
	/* Not at every one: on a busy machine each may cost a time slice. */
	if (__atomic_fetch_add(&flooded, 1, __ATOMIC_RELEASE) % 256 == 0)
		sched_yield();
}

static int all_flooded(void)
{
	return __atomic_load_n(&flooded, __ATOMIC_ACQUIRE);
}

static const leash_type slow_type = { .name = "slow", .size = 16, .destroy = slow_destroy };

static void *drop_all(void *argument)
{
	void **objects = argument;

	for (int i = 0; i < 20000; i++)
		leash_release(objects[i]);
	return NULL;
}

static void flood(void)
{
	static void *objects[20000];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 20000; i++)
			objects[i] = leash_new(&slow_type);
		elsewhere(drop_all, objects);
		leash_flush();
	}
	eventually(all_flooded() == 100000, "a flood of deferred deaths is worked off (%d)",
	   all_flooded());
}

int main(void)
{
	prompt_and_deferred();
	blocked();
	if (THREAD_SANITIZED)
		skip(3, "the sanitizer has a thread of its own that does not sleep");
	else
		idle();
	if (THREAD_SANITIZED)
		skip(2, "the sanitizer has a thread of its own that takes them");
	else
		signals();
	flood();
	is_int(leash_shutdown(), 0, "nothing is left");
	/* A thread that was joined may stay in /proc for a moment. */
	ok(THREAD_SANITIZED || WAIT_FOR(activity() == 0), "no thread either");
	return done();
}
