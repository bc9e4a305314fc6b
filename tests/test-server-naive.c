/* What the example server has instead of the library when it is made with naive counting: maps, arrays, slots and weak
 * references.  (Sets and maps of weak references are also what test-server-channels-naive is about.) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/server/counted.h"
#include "tap.h"
#include "threads.h"

#define KEYS    200    /* of the random steps */
#define STEPS   200000
#define LINKS   300000 /* of a chain that dies at once */
#define THREADS 4

struct thing {
	leash_map *map;
	leash_slot slot;
	int number;
};

static long alive; /* things; atomic */

static void destroy(void *object)
{
	(void)object;
	__atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
}

static const leash_type thing_type = {
	.name = "thing",
	.size = sizeof(struct thing),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct thing, map, slot),
	.destroy = destroy,
};

static struct thing *thing_new(int number)
{
	struct thing *thing = leash_new(&thing_type);

	if (!thing)
		bail_out("no memory for a thing");
	__atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
	thing->number = number;
	return thing;
}

/* Keys of 0 to 39 bytes. */
struct name {
	char bytes[40];
};

static leash_key key_of(int number, struct name *name)
{
	memset(name->bytes, 'x', sizeof(name->bytes));
	memcpy(name->bytes, &number, sizeof(number));
	return leash_key_bytes(name->bytes, number < 4 ? (size_t)number : (size_t)number % 36 + 4);
}

/* --- Maps. */

static struct thing *model[KEYS]; /* what the map must hold; no references */

static bool agrees(const leash_map *map, int number)
{
	struct name name;
	LEASH_AUTO struct thing *found = leash_map_get(map, key_of(number, &name));

	return found == model[number] && (!found || found->number == number);
}

static bool change(leash_map *map, int number)
{
	struct name name;
	leash_key key = key_of(number, &name);
	LEASH_AUTO struct thing *thing = NULL;

	if (random() % 2) {
		const struct thing *there = model[number];
		LEASH_AUTO struct thing *other = thing_new(number);

		if (leash_map_remove_if(map, key, other) || !agrees(map, number))
			return false;
		model[number] = NULL;
		return (random() % 2 ? leash_map_remove(map, key) : leash_map_remove_if(map, key, there)) == (there != NULL);
	}
	model[number] = thing = thing_new(number);
	return leash_map_set(map, key, thing) == 0;
}

static bool count(leash_key key, void *value, void *arg)
{
	struct name name;
	struct thing *thing = value;
	leash_key wanted = key_of(thing->number, &name);
	int *times = arg;

	if (model[thing->number] == thing && key.number == wanted.number && memcmp(key.bytes, wanted.bytes, key.number) == 0)
		times[thing->number]++;
	return true;
}

static void check_map(void)
{
	LEASH_AUTO leash_map *map = leash_map_new();
	int times[KEYS] = { 0 }, wrong = 0, there = 0, i;

	ok(agrees(map, 5) && leash_map_size(map) == 0, "a new map is empty");
	for (i = 0; i < STEPS; i++) {
		int number = (int)(random() % KEYS);

		wrong += !change(map, number) + !agrees(map, number) + !agrees(map, (int)(random() % KEYS));
	}
	is_int(wrong, 0, "whatever is set and removed, all keys lead to what they should");
	leash_map_each(map, count, times);
	for (i = 0; i < KEYS; i++) {
		there += model[i] != NULL;
		wrong += times[i] != (model[i] != NULL) || !agrees(map, i);
	}
	is_int(wrong, 0, "a walk finds each entry once");
	ok(leash_map_size(map) == (size_t)there && alive == there, "what was replaced or removed has died at once");
	leash_map_clear(map);
	ok(leash_map_size(map) == 0 && alive == 0, "what a map is cleared of dies");
	memset(model, 0, sizeof(model));
	ok(change(map, 7) + change(map, 7) + change(map, 7) == 3 && agrees(map, 7), "and it can be used again");
}

static bool empty(leash_key key, void *value, void *arg)
{
	return leash_map_remove(arg, key) && ((struct thing *)value)->number >= 0;
}

static void check_walk(void)
{
	LEASH_AUTO leash_map *map = leash_map_new();
	int i;

	for (i = 0; i < KEYS; i++) {
		struct name name;
		LEASH_AUTO struct thing *thing = thing_new(i);

		leash_map_set(map, key_of(i, &name), thing);
	}
	leash_map_each(map, empty, map);
	ok(leash_map_size(map) == 0 && alive == 0, "a walk may remove what it is at");
}

/* Things that have maps that hold things. */
static void check_chain(void)
{
	struct thing *first = thing_new(0), *last = first;
	int i;

	for (i = 1; i < LINKS; i++) {
		struct thing *next = thing_new(i);

		last->map = leash_map_new();
		leash_map_set(last->map, leash_key_bytes("next", 4), next);
		leash_release(next);
		last = next;
	}
	leash_release(first);
	is_int(alive, 0, "a chain of maps dies, however long it is");
}

/* --- Weak references. */

static void check_weak(void)
{
	LEASH_AUTO leash_weak_map *map = leash_weak_map_new();
	LEASH_AUTO struct thing *kept = thing_new(0);
	leash_key key = leash_key_bytes("kept", 4);
	struct name name;
	int wrong = 0, i;

	leash_release(leash_weak_map_get_or_insert(map, key, kept));
	for (i = 0; i < STEPS; i++) {
		LEASH_AUTO struct thing *thing = thing_new(i);
		int number = i % 2 ? i % KEYS : 0; /* what has died is found before it is swept out, or is swept out */
		LEASH_AUTO struct thing *found = leash_weak_map_get_or_insert(map, key_of(number, &name), thing);
		LEASH_AUTO struct thing *other = leash_weak_map_get_or_insert(map, key, thing);

		wrong += found != thing || other != kept || alive != 2;
	}
	is_int(wrong, 0, "values that have died are replaced, and one that lives is not");
	ok(leash_weak_map_get(map, key_of(0, &name)) == NULL, "what has died is not found");
	is_int(leash_weak_map_size(map), 1, "nor counted");
}

/* --- Threads. */

struct shared {
	leash_map *map;
	struct thing *thing;
	int wrong; /* atomic */
};

static void *play(void *arg)
{
	struct shared *shared = arg;
	struct name name;
	int i;

	for (i = 0; i < STEPS / 20; i++) {
		int number = i % 16;
		LEASH_AUTO struct thing *mine = thing_new(number);
		LEASH_AUTO struct thing *found = leash_map_get(shared->map, key_of(number, &name));
		LEASH_AUTO struct thing *seen = leash_slot_load(&shared->thing->slot);

		if ((found && found->number != number) || (seen && seen->number >= 16))
			__atomic_fetch_add(&shared->wrong, 1, __ATOMIC_RELAXED);
		if (i % 3 == 0)
			leash_map_remove(shared->map, key_of(number, &name));
		else
			leash_map_set(shared->map, key_of(number, &name), mine);
		leash_slot_store_take(&shared->thing->slot, i % 5 ? leash_retain(mine) : NULL);
	}
	return NULL;
}

static void check_threads(void)
{
	struct shared shared = { leash_map_new(), thing_new(-1), 0 };
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = thread_start(play, &shared);
	for (i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	is_int(shared.wrong, 0, "threads at one map and one slot find what was put there");
	leash_release(shared.thing);
	leash_release(shared.map);
	is_int(alive, 0, "and all of it has died when they have ended");
}

int main(void)
{
	srandom(1);
	check_map();
	is_int(alive, 0, "what a map holds dies with it");
	check_walk();
	check_chain();
	check_weak();
	is_int(alive, 0, "weak references hold nothing");
	check_threads();
	is_int(leash_collect(2), -ENOSYS, "there is nothing that collects");
	return done();
}
