/* A heap that does not stand still: objects which threads have refer to one another, while somebody looks. */
#ifndef REWIRED_H
#define REWIRED_H

#include <leash/leash.h>
#include <stdlib.h>
#include "threads.h"

#define REWIRED 64

struct rewired {
	struct rewired *next;
};

static const leash_type rewired_type = {
	.name = "node",
	.size = sizeof(struct rewired),
	LEASH_FIELDS(struct rewired, next),
};

static struct rewired *rewired[REWIRED];
static pthread_mutex_t rewired_locks[REWIRED];
static pthread_t rewirers[2];
static leash_array *rewired_others; /* so that looking takes a while */
static bool rewired_stop;

static inline void *rewire(void *seed)
{
	unsigned random = (unsigned)(uintptr_t)seed;

	while (!__atomic_load_n(&rewired_stop, __ATOMIC_RELAXED)) {
		int i = rand_r(&random) % REWIRED;

		pthread_mutex_lock(&rewired_locks[i]);
		leash_set(&rewired[i]->next, rewired[rand_r(&random) % REWIRED]);
		pthread_mutex_unlock(&rewired_locks[i]);
		leash_release(leash_new(&rewired_type));
	}
	return NULL;
}

static inline void rewiring_begin(void)
{
	int i;

	rewired_others = leash_array_new();
	for (i = 0; i < 20000; i++)
		leash_array_append_take(rewired_others, leash_new(&rewired_type));
	for (i = 0; i < REWIRED; i++) {
		pthread_mutex_init(&rewired_locks[i], NULL);
		rewired[i] = leash_new(&rewired_type);
		leash_set(&rewired[i]->next, rewired[0]);
	}
	for (i = 0; i < 2; i++)
		rewirers[i] = thread_start(rewire, (void *)(uintptr_t)(i + 1));
}

/* From here on the heap stands still. */
static inline void rewiring_stop(void)
{
	int i;

	__atomic_store_n(&rewired_stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		thread_end(rewirers[i]);
}

static inline void rewired_free(void)
{
	int i;

	for (i = 0; i < REWIRED; i++)
		leash_clear(&rewired[i]);
	leash_release(rewired_others);
	leash_collect(2);
}

#endif
