/* Three threads that act beside a collector which makes round after round, and what they have to tell. */
#ifndef CREW_H
#define CREW_H

#include <leash/leash.h>
#include "threads.h"

#define CREW 3

struct member {
	void (*act)(struct member *member);
	pthread_t thread;
	unsigned seed;
	int *busy;
	long born, wrong; /* objects it has made; things it should not have found */
};

static inline void *member_run(void *argument)
{
	struct member *member = (struct member *)argument;

	member->act(member);
	__atomic_fetch_sub(member->busy, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* The sums of what all have to tell.  Afterwards the collector rests, and their last garbage is still about. */
static inline struct member crew_act(void (*act)(struct member *member))
{
	struct member crew[CREW], all = { .act = act };
	int busy = CREW, i;

	leash_gc_set_threshold(1, 1, 1);
	leash_gc_enable();
	for (i = 0; i < CREW; i++) {
		crew[i] = (struct member){ .act = act, .seed = (unsigned)i + 1, .busy = &busy };
		crew[i].thread = thread_start(member_run, &crew[i]);
	}
	while (__atomic_load_n(&busy, __ATOMIC_ACQUIRE))
		all.wrong += leash_collect(2) < 0;
	for (i = 0; i < CREW; i++) {
		thread_end(crew[i].thread);
		all.born += crew[i].born;
		all.wrong += crew[i].wrong;
	}
	leash_gc_disable();
	return all;
}

#endif
