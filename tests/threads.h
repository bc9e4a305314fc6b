/* Threads that act in a prescribed order.
 *
 * A baton carries a number that only grows.  A thread waits for the number that begins its part, and
 * passes on the number that begins the next one's, so that an interleaving is the same in every run. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct baton {
	pthread_mutex_t lock; /* protects step; nothing nests in it */
	pthread_cond_t moved;
	int step;
};

#define BATON { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

static inline void baton_pass(struct baton *baton, int step)
{
	pthread_mutex_lock(&baton->lock);
	if (baton->step < step)
		baton->step = step;
	pthread_cond_broadcast(&baton->moved);
	pthread_mutex_unlock(&baton->lock);
}

static inline void baton_await(struct baton *baton, int step)
{
	pthread_mutex_lock(&baton->lock);
	while (baton->step < step)
		pthread_cond_wait(&baton->moved, &baton->lock);
	pthread_mutex_unlock(&baton->lock);
}

/* A test that cannot have its threads has nothing to say. */
static inline pthread_t thread_start(void *(*run)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, argument) != 0) {
		printf("Bail out! no thread\n");
		exit(1);
	}
	return thread;
}

static inline void *thread_end(pthread_t thread)
{
	void *result;

	pthread_join(thread, &result);
	return result;
}

/* Runs a function from beginning to end on a thread of its own. */
static inline void *elsewhere(void *(*run)(void *), void *argument)
{
	return thread_end(thread_start(run, argument));
}

#endif
