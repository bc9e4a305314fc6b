/* Threads that stop at a test point of the library's (lib/points.h) until they are told to go on, so that others can act
 * right there.
 *
 *     struct stop stop;
 *     lsh_point_hook = stop_hook;
 *     stop_start(&stop, "weak: pointer read", load, &weak);    a thread calls load(&weak) and stops there, once
 *     stop_await(&stop);
 *     ... act ...
 *     stop_resume(&stop);
 *     found = stop_end(&stop);                                 what load() returned
 *
 * Whoever stops inside a guard holds up every op-grace: what waits for one has to be another thread's act.
 */
#ifndef STOPS_H
#define STOPS_H

#include <pthread.h>
#include <string.h>
#include "tap.h"
#include "threads.h"
#include "wait.h"

struct stop {
	const char *at;
	void *(*run)(void *argument);
	void *argument;
	pthread_t thread;
	int state;
	int again; /* so many times more it stops there */
};
enum { STOP_ARMED, STOP_REACHED, STOP_RESUMED, STOP_ENDED };

static __thread struct stop *stop_own;
static __thread bool stop_never; /* a thread of the test */
static struct stop *stop_library; /* for the first of the library's threads that comes there */

static inline int stop_state(const struct stop *stop)
{
	return __atomic_load_n(&stop->state, __ATOMIC_ACQUIRE);
}

static inline void stop_set(struct stop *stop, int state)
{
	__atomic_store_n(&stop->state, state, __ATOMIC_RELEASE);
}

static inline void stop_here(struct stop *stop)
{
	stop_set(stop, STOP_REACHED);
	(void)WAIT_FOR(stop_state(stop) == STOP_RESUMED);
}

static inline void stop_hook(const char *name)
{
	struct stop *stop = stop_own;

	if (stop && strcmp(name, stop->at) == 0) {
		stop_own = NULL;
		stop_here(stop);
		if (stop->again-- > 0)
			stop_own = stop;
		return;
	}
	stop = stop_never ? NULL : __atomic_load_n(&stop_library, __ATOMIC_ACQUIRE);
	if (stop && strcmp(name, stop->at) == 0 &&
	    __atomic_compare_exchange_n(&stop_library, &stop, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		stop_here(stop);
}

static inline void *stop_run(void *argument)
{
	struct stop *stop = (struct stop *)argument;
	void *result;

	stop_never = true;
	stop_own = stop->at ? stop : NULL;
	result = stop->run(stop->argument);
	stop_own = NULL;
	stop_set(stop, STOP_ENDED);
	return result;
}

/* NULL for the place: it does not stop. */
static inline void stop_start(struct stop *stop, const char *at, void *(*run)(void *argument), void *argument)
{
	*stop = (struct stop){ .at = at, .run = run, .argument = argument };
	stop_never = true;
	stop->thread = thread_start(stop_run, stop);
}

/* One of the library's own. */
static inline void stop_one_of_the_library(struct stop *stop, const char *at)
{
	*stop = (struct stop){ .at = at };
	stop_never = true;
	__atomic_store_n(&stop_library, stop, __ATOMIC_RELEASE);
}

static inline void stop_await(struct stop *stop)
{
	if (!WAIT_FOR(stop_state(stop) == STOP_REACHED))
		bail_out("nobody came to \"%s\"", stop->at);
}

static inline void stop_resume(struct stop *stop)
{
	stop_set(stop, STOP_RESUMED);
}

static inline void *stop_end(struct stop *stop)
{
	return thread_end(stop->thread);
}

#endif
