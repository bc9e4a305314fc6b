/* leash_key_map: values as long as their keys live. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include "crew.h"
#include "knot.h"
#include "mortal-weak.h"
#include "sanitized.h"
#include "tap.h"
#include "wait.h"

static struct obituary keys, values;

static bool is_at(const leash_key_map *map, const void *key, const void *object)
{
	void *value = leash_key_map_get(map, key);
	bool right = value == object;

	leash_release(value);
	return right;
}

static void set_take(leash_key_map *map, const void *key, void *value)
{
	if (leash_key_map_set(map, key, value) != 0)
		bail_out("no memory");
	leash_release(value);
}

static void one_by_one(void)
{
	leash_key_map *map = leash_key_map_new();
	struct weakling *a = weakling_new(&keys, 1), *b = weakling_new(&keys, 2);
	struct mortal *one = mortal_new(&values), *two = mortal_new(&values), *got;

	is_int((long long)leash_key_map_size(map), 0, "a new map is empty");
	ok(leash_key_map_get(map, a) == NULL, "nothing is attached");
	ok(!leash_key_map_remove(map, a), "or to be removed");
	is_int(leash_key_map_set(map, a, one), 0, "set");
	is_int((long long)leash_refcount(a), 1, "does not hold the key");
	is_int((long long)leash_refcount(one), 2, "but the value");
	got = leash_key_map_get(map, a);
	is_ptr(got, one, "get finds it");
	is_int((long long)leash_refcount(one), 3, "with a reference");
	leash_release(got);
	ok(leash_key_map_get(map, b) == NULL, "another key has none");
	is_int(leash_key_map_set(map, a, two), 0, "another value");
	ok(is_at(map, a, two), "replaces it");
	is_int((long long)leash_refcount(one), 1, "and releases it");
	is_int((long long)leash_key_map_size(map), 1, "for the same key");
	is_int(leash_key_map_set(map, b, one), 0, "another key");
	is_int((long long)leash_key_map_size(map), 2, "has an entry of its own");
	ok(leash_key_map_remove(map, a), "remove");
	is_int((long long)leash_refcount(two), 1, "releases the value");
	ok(!leash_key_map_remove(map, a), "once");
	is_int(leash_key_map_set(map, a, two), 0, "again");
	is_int(leash_key_map_set(map, a, NULL), 0, "a value of NULL");
	is_int((long long)leash_key_map_size(map), 1, "removes too");
	is_int(leash_key_map_set(map, one, two), -EINVAL, "keys that allow no weak references are refused");
	is_int((long long)leash_refcount(two), 1, "with their values");
	leash_key_map_set(map, a, two);
	leash_release(one);
	leash_release(two);
	is_int(deaths(&values), 0, "the map holds its values");
	leash_release(a);
	eventually(deaths(&values) == 1, "until the key dies");
	is_int((long long)leash_key_map_size(map), 1, "and its entry goes");
	leash_release(map);
	eventually(deaths(&values) == 2, "a map that dies releases the others");
	is_int(deaths(&keys), 1, "but no keys");
	leash_release(b);
	is_int(deaths(&keys), 2, "which live without it");
	keys.deaths = values.deaths = 0;
}

static void addresses(void)
{
	leash_key_map *map = leash_key_map_new();
	int wrong = 0, i;

	for (i = 0; i < 5000; i++) {
		struct weakling *key = weakling_new(&keys, i);

		wrong += leash_key_map_get(map, key) != NULL;
		set_take(map, key, mortal_new(&values));
		wrong += leash_key_map_size(map) != 1;
		leash_release(key);
	}
	is_int(wrong, 0, "objects at the address of dead keys have none of their values");
	eventually(deaths(&values) == 5000, "which are all dead");
	leash_release(map);
	keys.deaths = values.deaths = 0;
}

static void collected(void)
{
	leash_key_map *map = leash_key_map_new();
	struct weakling *key = weakling_new(&keys, 1), *value = weakling_new(&values, 1);

	/* The map in its own value, the key alive. */
	leash_set(&value->hold, (void *)map);
	set_take(map, key, value);
	is_int(leash_collect(2), 0, "a map in one of its values lives");
	leash_release(map);
	is_int(leash_collect(2), 2, "until nobody else holds it");
	eventually(deaths(&values) == 1, "and the value with it");
	is_int((long long)leash_refcount(key), 1, "and the key has nothing to do with it");
	leash_release(key);

	/* A key in a cycle of its own. */
	map = leash_key_map_new();
	key = weakling_new(&keys, 2);
	leash_set(&key->hold, (void *)key);
	set_take(map, key, mortal_new(&values));
	leash_release(key);
	is_int(leash_collect(2), 1, "a key in a dead cycle is found");
	eventually(deaths(&values) == 2, "and its value released");
	eventually(leash_key_map_size(map) == 0, "and its entry gone");

	/* A value that holds its key keeps it, as long as there is the map. */
	key = weakling_new(&keys, 3);
	value = weakling_new(&values, 3);
	leash_set(&value->hold, (void *)key);
	set_take(map, key, value);
	leash_release(key);
	is_int(leash_collect(2), 0, "a value that holds its key keeps it");
	is_int(deaths(&keys), 2, "alive");
	leash_release(map);
	eventually(deaths(&keys) == 3, "as long as there is the map");

	/* All in one. */
	map = leash_key_map_new();
	key = weakling_new(&keys, 4);
	leash_set(&key->hold, (void *)map);
	value = weakling_new(&values, 4);
	leash_set(&value->hold, (void *)key);
	set_take(map, key, value);
	leash_release(map);
	leash_release(key);
	is_int(leash_collect(2), 3, "a key that holds the map, and is held by its value there");
	eventually(deaths(&keys) == 4 && deaths(&values) == 4, "are garbage together");
	is_int(leash_collect(2), 0, "nothing is left to collect");
	keys.deaths = values.deaths = 0;
}

/* Keys and maps die, by counts and as garbage, wherever they are. */
#define TURNS (SLOW ? 5000 : 60000)
#define MAPS  3
static leash_slot maps[MAPS];

static struct weakling *born(struct member *m, struct obituary *obituary, long value)
{
	m->born++;
	return weakling_new(obituary, value);
}

static void live_and_die(struct member *m)
{
	struct weakling *kept[16] = { NULL };
	int i;

	for (i = 0; i < TURNS; i++) {
		struct weakling **key = &kept[rand_r(&m->seed) % 16], *value;
		leash_slot *slot = &maps[rand_r(&m->seed) % MAPS];
		leash_key_map *map = leash_slot_load(slot);

		if (!*key)
			*key = born(m, &keys, (long)i * 4 + (long)m->seed % 4);
		switch (rand_r(&m->seed) % 8) {
		case 0:
			leash_release(*key);
			*key = NULL;
			break;
		case 1:
			value = leash_key_map_get(map, *key);
			m->wrong += value && value->value != (*key)->value;
			leash_release(value);
			break;
		case 2:
			leash_key_map_remove(map, *key);
			break;
		case 3:
			leash_set(&(*key)->hold, (void *)map);
			break;
		case 4:
			leash_set(&(*key)->hold, (void *)*key);
			break;
		default:
			value = born(m, &values, (*key)->value);
			if (rand_r(&m->seed) % 4 == 0)
				leash_set(&value->hold, (void *)map);
			if (rand_r(&m->seed) % 8 == 0)
				leash_set(&value->hold, (void *)*key);
			set_take(map, *key, value);
		}
		if (rand_r(&m->seed) % 128 == 0)
			leash_slot_store_take(slot, leash_key_map_new());
		leash_release(map);
	}
	for (i = 0; i < 16; i++)
		leash_release(kept[i]);
}

static void all_at_once(void)
{
	struct member all;
	int i;

	for (i = 0; i < MAPS; i++)
		leash_slot_store_take(&maps[i], leash_key_map_new());
	all = crew_act(live_and_die);
	for (i = 0; i < MAPS; i++)
		leash_slot_clear(&maps[i]);
	for (i = 0; i < 4; i++)
		leash_collect(2);
	is_int(all.wrong, 0, "keys never have values of others");
	eventually(deaths(&keys) + deaths(&values) == all.born, "all %ld keys and values die", all.born);
}

int main(void)
{
	leash_gc_disable();
	one_by_one();
	addresses();
	collected();
	all_at_once();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
