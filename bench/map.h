/* A cache by number, whose values are held weakly: what case-map.c and its comparators do with it.
 *
 * MAP_KEYS keys are there all the time; nine operations in ten look one up at random and drop what they got, one
 * replaces a value by the other of the key's two.  All values live, and belong to a thread that sleeps.
 */
#ifndef BENCH_MAP_H
#define BENCH_MAP_H

#include "case.h"

#include <stdint.h>

#define MAP_KEYS 4096
#define MAP_WARM 20000 /* operations that bring a map into the caches, untimed */

/* Of each thread its own, and far apart. */
struct map_player {
	uint64_t random;
	char apart[248];
};

/* A linear congruential generator: a multiplication and an addition, not to hide the cost of the map. */
static inline uint64_t map_next(uint64_t random)
{
	return random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

static inline uint64_t map_key(uint64_t random)
{
	return random >> 52;
}

static inline int map_replaces(uint64_t random)
{
	return (random >> 36 & 0xffff) < 0x10000 / 10;
}

/* Which of the key's two values. */
static inline unsigned map_which(uint64_t random)
{
	return (unsigned)(random >> 35 & 1);
}

/* No two threads go the same way. */
static inline void map_players_start(struct map_player players[BENCH_MAX_THREADS])
{
	for (int i = 0; i < BENCH_MAX_THREADS; i++)
		players[i].random = map_next((uint64_t)i << 32);
}

#endif
