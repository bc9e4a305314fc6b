/* 64 things that are used in a row, drawn anew from 512 before every timed stretch.
 *
 * Loops of so few instructions run up to four times slower when addresses happen to lie unluckily for the processor's
 * predictors; whoever had one layout for the whole run would measure that.
 */
#ifndef BENCH_POOL_H
#define BENCH_POOL_H

#include <stdint.h>

#define OBJECTS 64
#define POOL    512

/* All that there are, and those that are used at present. */
struct pool {
	void *all[POOL];
	void *row[OBJECTS];
	uint64_t random;
};

static inline void draw(struct pool *pool)
{
	for (int i = 0; i < OBJECTS; i++) {
		int other;
		void *object;

		pool->random = pool->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		other = i + (int)((pool->random >> 33) % (uint64_t)(POOL - i));
		object = pool->all[other];
		pool->all[other] = pool->all[i];
		pool->all[i] = object;
		pool->row[i] = object;
	}
}

#endif
