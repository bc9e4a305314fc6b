/* Stock objects when memory is short.
 *
 * Every allocation fails in turn, alone and with all that follow, while a scenario goes through all that stock
 * objects do. Whatever fails is told by NULL and ENOMEM, or -ENOMEM, and has left the object as it was; and in
 * the end nothing is left.  And walks that find no memory to note all entries come by all of them all the same.
 */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>

#include "knot.h"
#include "mortal-weak.h"
#include "points.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"

static struct obituary obituary;
static unsigned asked, first, last; /* allocations number first..last fail */
static unsigned failures, refused, wrong;
static bool armed;

static bool fails(void)
{
	unsigned number;

	if (!__atomic_load_n(&armed, __ATOMIC_ACQUIRE))
		return false;
	number = __atomic_add_fetch(&asked, 1, __ATOMIC_RELAXED);
	if (number < first || number > last)
		return false;
	__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
	return true;
}

/* Makes what the scenario stores, whatever fails. */
static struct weakling *thing(void)
{
	bool was = armed;
	struct weakling *w;

	__atomic_store_n(&armed, false, __ATOMIC_RELEASE);
	w = weakling_new(&obituary, 0);
	__atomic_store_n(&armed, was, __ATOMIC_RELEASE);
	return w;
}

static bool worked(int result)
{
	if (result == -ENOMEM)
		refused++;
	else if (result != 0)
		wrong++;
	return result == 0;
}

static void *made(void *object)
{
	if (!object) {
		refused++;
		wrong += errno != ENOMEM;
	}
	errno = 0;
	return object;
}

#define MANY 20 /* more than the first buffer, and the first table, are for */

static void strings(void)
{
	leash_string *string = made(leash_string_new("a text"));

	if (string)
		wrong += leash_string_length(string) != 6;
	leash_release(string);
}

static void arrays(void)
{
	leash_array *array = made(leash_array_new());
	size_t size = 0;
	int i;

	for (i = 0; array && i < MANY; i++) {
		struct weakling *w = thing();

		if (i % 3 == 0) {
			size += worked(leash_array_append(array, w));
		} else if (i % 3 == 1) {
			size += worked(leash_array_insert(array, size / 2, w));
		} else if (worked(leash_array_append_take(array, w))) {
			size++;
			continue;
		}
		leash_release(w);
		wrong += leash_array_size(array) != size;
	}
	while (array && size > 3) {
		wrong += leash_array_remove(array, size / 2) != 0;
		leash_release(leash_array_pop(array));
		size -= 2;
	}
	if (array)
		leash_array_clear(array);
	leash_release(array);
}

static bool count(leash_key key, void *value, void *arg)
{
	(void)key;
	*(size_t *)arg += value != NULL;
	return true;
}

static void maps(void)
{
	leash_map *map = made(leash_map_new());
	size_t size = 0, seen = 0;
	int i;

	for (i = 0; map && i < MANY; i++) {
		struct weakling *w = thing(), *other = thing();
		leash_key key = i % 2 ? leash_key_number((uint64_t)i) : leash_key_bytes(&i, sizeof(i));
		bool set = worked(leash_map_set(map, key, w));

		size += set;
		wrong += leash_map_size(map) != size;
		/* To replace a value takes no memory. */
		if (set)
			wrong += leash_map_set(map, key, other) != 0;
		leash_release(w);
		leash_release(other);
	}
	if (map) {
		leash_map_each(map, count, &seen);
		wrong += seen != size;
		leash_map_clear(map);
		wrong += leash_map_size(map) != 0;
	}
	leash_release(map);
}

static void weak_maps(void)
{
	leash_weak_map *map = made(leash_weak_map_new());
	struct weakling *things[MANY], *got;
	size_t size = 0, seen = 0;
	int i;

	for (i = 0; map && i < MANY; i++) {
		leash_key key = leash_key_number((uint64_t)i);
		bool set;

		things[i] = thing();
		if (i % 2) {
			set = worked(leash_weak_map_set(map, key, things[i]));
		} else {
			got = made(leash_weak_map_get_or_insert(map, key, things[i]));
			set = got != NULL;
			wrong += set && got != things[i];
			leash_release(got);
		}
		size += set;
		wrong += leash_weak_map_size(map) != size;
		got = leash_weak_map_get(map, key);
		wrong += got != (set ? things[i] : NULL);
		leash_release(got);
		/* A failure leaves what was there. */
		if (set) {
			struct weakling *other = thing();
			bool replaced = worked(leash_weak_map_set(map, key, other));

			got = leash_weak_map_get(map, key);
			wrong += got != (replaced ? other : things[i]);
			leash_release(got);
			leash_release(other);
			size -= replaced;
		}
		wrong += leash_weak_map_size(map) != size;
	}
	if (map) {
		leash_weak_map_each(map, count, &seen);
		wrong += seen != size;
		for (i = 0; i < MANY; i++)
			leash_release(things[i]);
		wrong += leash_weak_map_size(map) != 0;
	}
	leash_release(map);
}

static void weak_sets(void)
{
	leash_weak_set *set = made(leash_weak_set_new());
	struct weakling *things[MANY];
	size_t size = 0;
	int i;

	for (i = 0; set && i < MANY; i++) {
		bool added;

		things[i] = thing();
		added = worked(leash_weak_set_add(set, things[i]));
		size += added;
		wrong += leash_weak_set_size(set) != size || leash_weak_set_contains(set, things[i]) != added;
	}
	for (i = 0; set && i < MANY; i++)
		leash_release(things[i]);
	if (set)
		wrong += leash_weak_set_size(set) != 0;
	leash_release(set);
}

static void key_maps(void)
{
	leash_key_map *map = made(leash_key_map_new());
	struct weakling *things[MANY];
	size_t size = 0;
	int i;

	for (i = 0; map && i < MANY; i++) {
		struct weakling *value = thing(), *got;
		bool set;

		things[i] = thing();
		set = worked(leash_key_map_set(map, things[i], value));
		size += set;
		got = leash_key_map_get(map, things[i]);
		wrong += got != (set ? value : NULL) || leash_key_map_size(map) != size;
		leash_release(got);
		if (set)
			wrong += leash_key_map_set(map, things[i], things[0]) != 0;
		leash_release(value);
	}
	for (i = 0; map && i < MANY; i++)
		leash_key_map_set(map, things[i], NULL);
	for (i = 0; map && i < MANY; i++)
		leash_release(things[i]);
	leash_release(map);
}

static void *scenario(void *unused)
{
	(void)unused;
	__atomic_store_n(&armed, true, __ATOMIC_RELEASE);
	errno = 0;
	strings();
	arrays();
	maps();
	weak_maps();
	weak_sets();
	key_maps();
	__atomic_store_n(&armed, false, __ATOMIC_RELEASE);
	return NULL;
}

/* Plays once; returns whether an allocation failed in it. */
static bool played(unsigned from, unsigned number)
{
	long left;

	asked = failures = 0;
	first = from;
	last = number ? from + number - 1 : ~0u;
	elsewhere(scenario, NULL);
	left = leash_shutdown();
	if (left || wrong) {
		diag("allocation %u and %u after it: %ld left, %u wrong", from, number - 1, left, wrong);
		wrong++;
	}
	return failures != 0 && !wrong;
}

static void each_in_turn(void)
{
	static const unsigned runs[] = { 1, 2, 3, 0 };
	unsigned i, k;

	for (i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		refused = 0;
		for (k = 1; played(k, runs[i]); k += 1 + (SLOW != 0) * (k / 16))
			;
		is_int(wrong, 0, "each allocation fails, and %d after it: nothing is wrong or left", (int)runs[i] - 1);
		ok(refused > 0, "and what failed was told (%u times in %u plays)", refused, k);
	}
}

static void arm(bool on)
{
	__atomic_store_n(&armed, on, __ATOMIC_RELEASE);
}

static bool mark(leash_key key, void *value, void *arg)
{
	unsigned char *seen = arg;

	(void)value;
	seen[key.number]++;
	return true;
}

static void walks(void)
{
	static unsigned char seen[5000];
	leash_map *map = leash_map_new();
	int strange = 0, i;

	for (i = 0; i < 5000; i++) {
		struct weakling *w = thing();

		leash_map_set(map, leash_key_number((uint64_t)i), w);
		leash_release(w);
	}
	first = 1;
	last = ~0u;
	arm(true);
	leash_map_each(map, mark, seen);
	arm(false);
	for (i = 0; i < 5000; i++)
		strange += seen[i] != 1;
	is_int(strange, 0, "a walk that finds no memory comes by all entries once");
	arm(true);
	leash_map_clear(map);
	arm(false);
	is_int((long long)leash_map_size(map), 0, "and clear removes them");
	leash_release(map);
}

int main(void)
{
	leash_gc_disable();
	lsh_allocation_hook = fails;
	each_in_turn();
	walks();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
