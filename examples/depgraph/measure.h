/* How fast each engine walks, and how fast cycles are collected meanwhile. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>
#include "engine.h"

enum { LEASH, NAIVE, ENGINES };

struct rates {
	double walks; /* a second, by the clock on the wall, all threads together */
	double step;  /* nanoseconds of the whole process's time on processors */
};

struct measurement {
	struct rates rates[ENGINES]; /* medians */
	double ratio;                /* naive's step / leash's: median of the rounds ... */
	double lowest, highest;      /* ... and their range */
	unsigned rounds;
};

/* Called after every slice: the part that is done, from 0 to 1, and that slice's rates. */
typedef void measure_progress(void *arg, double done, int engine, const struct rates *rates);

/* Walks both engines' graphs in alternating slices, `seconds` altogether.  0, or -1 when memory
 * is short. */
int measure(struct measurement *result, const struct engine *const engines[ENGINES],
	    const struct database *db, struct pool *pool, double seconds, uint64_t seed,
	    measure_progress *progress, void *arg);

struct collection {
	long reclaimed; /* what collect() returned */
	uint32_t left;  /* objects of the graph set aside, afterwards */
	double seconds; /* until the last of those had died */
	uint64_t steps; /* walked meanwhile, all threads together */
};

/* Has what was set aside collected while all threads walk the engine's graph.  0, or -1 when
 * memory is short. */
int measure_collection(struct collection *result, const struct engine *engine,
		       const struct database *db, struct pool *pool, uint64_t seed);

#endif
