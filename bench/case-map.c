/* leash_weak_map as a cache (map.h).  Comparator: case-map-glib.c.
 */
#include "map.h"

#include "hand.h"

#include <leash/leash.h>
#include <stdio.h>
#include <stdlib.h>

static const leash_type leaf = { .name = "map leaf", .size = 32, .flags = LEASH_WEAKABLE };

static struct map_player players[BENCH_MAX_THREADS];
static struct hand owner;
static leash_weak_map *map;
static void *values[MAP_KEYS][2];

static void store(uint64_t key, const void *value)
{
	if (leash_weak_map_set(map, leash_key_number(key), value) != 0) {
		fprintf(stderr, "bench: leash_weak_map_set failed\n");
		exit(1);
	}
}

static void make(void *arg)
{
	(void)arg;
	map = leash_weak_map_new();
	for (uint64_t key = 0; key < MAP_KEYS; key++) {
		values[key][0] = leash_new(&leaf);
		values[key][1] = leash_new(&leaf);
		store(key, values[key][0]);
	}
}

static void drop(void *arg)
{
	(void)arg;
	for (int key = 0; key < MAP_KEYS; key++) {
		leash_clear(&values[key][0]);
		leash_clear(&values[key][1]);
	}
	leash_clear(&map);
}

static void begin(const struct bench_case *self)
{
	void *object;

	(void)self;
	map_players_start(players);
	hand_start(&owner);
	hand_do(&owner, make, NULL);
	/* As in case-foreign.c: a first deferred decrement, before anybody is bound to a processor. */
	object = leash_weak_map_get(map, leash_key_number(0));
	leash_release(object);
}

static void run(const struct bench_case *self, long n, int thread)
{
	uint64_t random = players[thread].random;

	(void)self;
	for (; n > 0; n--) {
		uint64_t key = map_key(random);

		if (map_replaces(random)) {
			store(key, values[key][map_which(random)]);
		} else {
			void *object = leash_weak_map_get(map, leash_key_number(key));

			bench_keep(object);
			leash_release(object);
		}
		random = map_next(random);
	}
	players[thread].random = random;
}

static void prepare(const struct bench_case *self, long n)
{
	(void)n;
	run(self, MAP_WARM, 0);
}

static void end(const struct bench_case *self)
{
	(void)self;
	leash_flush();
	hand_do(&owner, drop, NULL);
	hand_stop(&owner);
}

const struct bench_case weak_map_leash = {
	.name = "weak-map/leash", .begin = begin, .prepare = prepare, .run = run, .end = end,
	.slice = 20000, .shared = 1,
};
