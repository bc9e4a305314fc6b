/* leash_map: keys and values, walks, cycles through it, and all threads at once beside the collector. */
#include <leash/leash.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "crew.h"
#include "knot.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static void set(leash_map *map, leash_key key, const void *value)
{
	if (leash_map_set(map, key, value) != 0)
		bail_out("no memory");
}

static void set_take(leash_map *map, leash_key key, void *value)
{
	set(map, key, value);
	leash_release(value);
}

static bool is_at(const leash_map *map, leash_key key, const void *wanted)
{
	void *value = leash_map_get(map, key);
	bool right = value == wanted;

	leash_release(value);
	return right;
}

static void one_by_one(void)
{
	leash_map *map = leash_map_new();
	struct knot *a = knot_new(&obituary), *b = knot_new(&obituary), *got;
	char text[] = "route";

	is_int((long long)leash_map_size(map), 0, "a new map is empty");
	ok(leash_map_get(map, leash_key_number(1)) == NULL, "it has no value");
	ok(!leash_map_remove(map, leash_key_number(1)), "and nothing to remove");
	is_int(leash_map_set(map, leash_key_text(text), a), 0, "set");
	is_int((long long)leash_refcount(a), 2, "takes a reference of its own");
	text[0] = 'R';
	ok(leash_map_get(map, leash_key_text(text)) == NULL, "the key was copied");
	got = leash_map_get(map, leash_key_text("route"));
	is_ptr(got, a, "get finds it");
	is_int((long long)leash_refcount(a), 3, "with a reference");
	leash_release(got);
	is_int(leash_map_set(map, leash_key_text("route"), b), 0, "set again");
	ok(is_at(map, leash_key_text("route"), b), "replaces");
	is_int((long long)leash_map_size(map), 1, "under the same key");
	is_int((long long)leash_refcount(a), 1, "and gives up the old value");
	is_int((long long)leash_refcount(b), 2, "for the new one");
	is_int(leash_map_exchange(map, leash_key_text("route"), a, (void **)&got), 0, "exchange");
	is_ptr(got, b, "gives what was there");
	is_int((long long)leash_refcount(b), 2, "with its reference");
	leash_release(got);
	is_int(leash_map_exchange(map, leash_key_text("toute"), a, (void **)&got), 0, "exchange of a new key");
	is_ptr(got, NULL, "gives nothing");
	is_int((long long)leash_refcount(a), 3, "both are held");
	is_int(leash_map_exchange(map, leash_key_text("toute"), NULL, (void **)&got), 0, "exchange for nothing");
	is_ptr(got, a, "gives what was there");
	is_int((long long)leash_map_size(map), 1, "and removes it");
	leash_release(got);
	set(map, leash_key_text("route"), b);
	ok(leash_map_remove(map, leash_key_text("route")), "remove");
	is_int((long long)leash_refcount(b), 1, "releases it");
	ok(!leash_map_remove(map, leash_key_text("route")), "once");
	is_int((long long)leash_map_size(map), 0, "and the map is empty");
	set(map, leash_key_text("route"), b);
	ok(!leash_map_remove_if(map, leash_key_text("route"), a), "remove_if of what is not there any more");
	ok(!leash_map_remove_if(map, leash_key_text("toute"), b), "of a key that is not");
	ok(!leash_map_remove_if(map, leash_key_text("toute"), NULL), "and of nothing: no");
	ok(is_at(map, leash_key_text("route"), b), "leave what is there");
	ok(leash_map_remove_if(map, leash_key_text("route"), b), "remove_if of what is there: yes");
	is_int((long long)leash_refcount(b), 1, "releases it");
	is_int((long long)leash_map_size(map), 0, "and the map is empty");
	ok(!leash_map_remove_if(map, leash_key_text("route"), b), "once");
	set(map, leash_key_number(7), a);
	is_int(leash_map_set(map, leash_key_number(7), NULL), 0, "a value of NULL");
	is_int((long long)leash_map_size(map), 0, "removes");
	set(map, leash_key_number(7), a);
	set(map, leash_key_number(8), a);
	set(map, leash_key_number(9), b);
	leash_map_clear(map);
	is_int((long long)leash_map_size(map), 0, "clear removes all");
	is_int((long long)leash_refcount(a) + (long long)leash_refcount(b), 2, "with their references");
	set_take(map, leash_key_number(7), a);
	set_take(map, leash_key_number(8), b);
	leash_release(map);
	eventually(deaths(&obituary) == 2, "a map that dies releases its values");
	obituary.deaths = 0;
}

static void keys(void)
{
	static char large[2][5000];
	leash_map *map = leash_map_new();
	struct mortal *m[9];
	uint64_t seven = 7;
	char text[40];
	int i, wrong = 0;

	for (i = 0; i < 9; i++)
		m[i] = mortal_new(&obituary);
	large[1][4999] = 1;
	set(map, leash_key_number(7), m[0]);
	set(map, leash_key_bytes(&seven, sizeof(seven)), m[1]);
	set(map, leash_key_number(0), m[2]);
	set(map, leash_key_bytes("", 0), m[3]);
	set(map, leash_key_bytes("", 1), m[4]);
	set(map, leash_key_number(UINT64_MAX), m[5]);
	set(map, leash_key_bytes(large[0], 5000), m[6]);
	set(map, leash_key_bytes(large[1], 5000), m[7]);
	set(map, leash_key_bytes(large[0], 4999), m[8]);
	is_int((long long)leash_map_size(map), 9, "numbers, their bytes, none, one and many bytes are keys of their own");
	ok(is_at(map, leash_key_number(7), m[0]) && is_at(map, leash_key_bytes(&seven, sizeof(seven)), m[1]) &&
	   is_at(map, leash_key_number(0), m[2]) && is_at(map, leash_key_text(""), m[3]) &&
	   is_at(map, leash_key_bytes("", 1), m[4]) && is_at(map, leash_key_number(UINT64_MAX), m[5]) &&
	   is_at(map, leash_key_bytes(large[0], 5000), m[6]) && is_at(map, leash_key_bytes(large[1], 5000), m[7]) &&
	   is_at(map, leash_key_bytes(large[0], 4999), m[8]), "and each finds its value");
	leash_map_clear(map);
	for (i = 0; i < 9; i++)
		leash_release(m[i]);
	eventually(deaths(&obituary) == 9, "all are released");
	obituary.deaths = 0;

	for (i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "%.*s%d", i % 30, "a prefix of some length, always", i);
		set_take(map, i % 2 ? leash_key_number((uint64_t)i << 20) : leash_key_text(text), mortal_new(&obituary));
	}
	is_int((long long)leash_map_size(map), 20000, "20000 keys");
	for (i = 0; i < 20000; i++) {
		struct mortal *got;

		snprintf(text, sizeof(text), "%.*s%d", i % 30, "a prefix of some length, always", i);
		got = leash_map_get(map, i % 2 ? leash_key_number((uint64_t)i << 20) : leash_key_text(text));
		wrong += got == NULL;
		leash_release(got);
		wrong += i % 3 == 0 && !leash_map_remove(map, i % 2 ? leash_key_number((uint64_t)i << 20) :
									leash_key_text(text));
	}
	is_int(wrong, 0, "are all found");
	is_int((long long)leash_map_size(map), 20000 - 6667, "and a third of them removed");
	leash_release(map);
	eventually(deaths(&obituary) == 20000, "all values die");
	obituary.deaths = 0;
}

struct seen {
	leash_map *map;
	int calls, stop_after;
	unsigned char times[1000];
	int strange, act;
};

static bool look(leash_key key, void *value, void *arg)
{
	struct seen *seen = arg;
	struct mortal *m = value;

	seen->calls++;
	if (key.bytes || key.number >= 1000 || m->value != (long)key.number)
		seen->strange++;
	else
		seen->times[key.number]++;
	if (seen->act == 1)
		leash_map_remove(seen->map, key);
	if (seen->act == 2)
		leash_map_clear(seen->map);
	if (seen->act == 3)
		set_take(seen->map, leash_key_number(key.number + 100000), mortal_new(&obituary));
	if (seen->act == 4 && seen->calls == 1)
		leash_release(seen->map);
	return seen->calls != seen->stop_after;
}

static leash_map *filled(int number)
{
	leash_map *map = leash_map_new();

	for (int i = 0; i < number; i++) {
		struct mortal *m = mortal_new(&obituary);

		m->value = i;
		set_take(map, leash_key_number((uint64_t)i), m);
	}
	return map;
}

static int walk(leash_map *map, int act, int stop_after)
{
	struct seen seen = { .map = map, .act = act, .stop_after = stop_after };

	leash_map_each(map, look, &seen);
	for (int i = 0; i < 1000; i++)
		seen.strange += seen.times[i] > 1;
	return seen.strange && act != 3 ? -1 : seen.calls;
}

static void walks(void)
{
	leash_map *map = filled(0);
	int n;

	is_int(walk(map, 0, 0), 0, "a walk through nothing");
	leash_release(map);
	map = filled(1000);
	is_int(walk(map, 0, 0), 1000, "a walk comes by all entries once");
	is_int(walk(map, 0, 10), 10, "unless it is ended");
	n = walk(map, 3, 0);
	ok(n >= 1000 && n <= 2000, "entries that are added meanwhile may be seen (%d)", n);
	is_int((long long)leash_map_size(map), 1000 + n, "and are there");
	leash_release(map);
	map = filled(500);
	is_int(walk(map, 1, 0), 500, "entries that are removed where they are seen are all seen");
	is_int((long long)leash_map_size(map), 0, "and removed");
	leash_release(map);
	map = filled(500);
	is_int(walk(map, 2, 0), 1, "entries that have been removed before are not");
	leash_release(map);
	map = filled(500);
	is_int(walk(map, 4, 0), 500, "a map whose last reference goes meanwhile lives until the end of the walk");
	leash_flush();
	eventually(alive() == 0, "and dies then");
	__atomic_store_n(&obituary.deaths, 0, __ATOMIC_RELAXED);
}

static void cycles(void)
{
	leash_map *map = leash_map_new();
	leash_array *array = leash_array_new();

	set(map, leash_key_text("self"), map);
	set_take(map, leash_key_text("knot"), knot_new(&obituary));
	is_int(leash_collect(2), 0, "a map that holds itself lives");
	leash_release(map);
	is_int(leash_collect(2), 2, "and is found when nobody else does");
	eventually(deaths(&obituary) == 1, "with what it holds");

	map = leash_map_new();
	for (int i = 0; i < 100; i++)
		set_take(map, leash_key_number((uint64_t)i), ring(&obituary, 3));
	is_int(leash_array_append_take(array, map), 0, "a map in an array");
	set(map, leash_key_text("array"), array);
	is_int(leash_collect(2), 0, "and the array in the map live");
	leash_map_remove(map, leash_key_number(3));
	is_int(leash_collect(2), 3, "what is removed is found");
	leash_release(array);
	is_int(leash_collect(2), 2 + 99 * 3, "and so is the rest when it is dropped");
	eventually(deaths(&obituary) == 1 + 300, "all are dead");

	map = leash_map_new();
	set_take(map, leash_key_text("a"), map);
	map = NULL;
	is_int(leash_collect(2), 1, "the last reference of a map went into itself");
	is_int(leash_collect(2), 0, "nothing is left to collect");
	obituary.deaths = 0;
}

/* All threads use all maps, which hold knots, each other and themselves, while rounds follow one another. */
#define MAPS    4
#define KEYS    60
#define CHANGES (SLOW ? 10000 : 200000)
static leash_slot maps[MAPS];

static bool check_one(leash_key key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	if (leash_typeof(value) == &knot_type)
		knot_check(value);
	return true;
}

static void change(struct member *m)
{
	leash_map *map = leash_slot_load(&maps[rand_r(&m->seed) % MAPS]), *other;
	char text[16];
	unsigned number = (unsigned)rand_r(&m->seed) % KEYS;
	leash_key key = leash_key_number(number);
	struct knot *knot;

	if (number % 2) {
		snprintf(text, sizeof(text), "key %u", number);
		key = leash_key_text(text);
	}
	switch (rand_r(&m->seed) % 8) {
	case 0:
		leash_map_remove(map, key);
		break;
	case 1:
		other = leash_map_get(map, key);
		leash_map_remove_if(map, key, other);
		leash_release(other);
		break;
	case 2:
	case 3:
		knot = knot_new(&obituary);
		m->born++;
		(leash_set)(&knot->other, map);
		set_take(map, key, knot);
		break;
	case 4:
		other = leash_slot_load(&maps[rand_r(&m->seed) % MAPS]);
		set_take(map, key, other);
		break;
	case 5:
		if (rand_r(&m->seed) % 64 == 0)
			leash_map_each(map, check_one, NULL);
		if (rand_r(&m->seed) % 512 == 0)
			leash_map_clear(map);
		if (rand_r(&m->seed) % 512 == 0)
			leash_slot_store_take(&maps[rand_r(&m->seed) % MAPS], leash_map_new());
		break;
	default:
		knot = leash_map_get(map, key);
		if (knot)
			check_one(key, knot, NULL);
		leash_release(knot);
	}
	m->wrong += leash_map_size(map) > KEYS + 8;
	leash_release(map);
}

static void mutate(struct member *m)
{
	for (int i = 0; i < CHANGES; i++)
		change(m);
}

static void all_at_once(void)
{
	leash_gc_stats_t stats;
	struct member all;
	long collected = 0;
	int i;

	for (i = 0; i < MAPS; i++)
		leash_slot_store_take(&maps[i], leash_map_new());
	all = crew_act(mutate);
	for (i = 0; i < MAPS; i++)
		leash_slot_clear(&maps[i]);
	for (i = 0; i < 4; i++)
		leash_collect(2);
	eventually(deaths(&obituary) == all.born, "threads use maps beside the collector, and all %ld values die once",
		   all.born);
	is_int(all.wrong, 0, "and nothing failed");
	leash_gc_stats(&stats);
	for (i = 0; i < 3; i++)
		collected += (long)stats.generation[i].collected;
	ok(collected > 0, "the collector had a part in it: %ld objects", collected);
	diag("%ld full rounds", (long)stats.generation[2].collections);
}

/* One key, which all threads set again and again and remove if it is still theirs: each value is removed by one of them or
 * replaced by one. */
static leash_map *shared;
static long removed, replaced;

static void *contend(void *argument)
{
	long mine = 0, others = 0;

	for (int i = 0; i < CHANGES / 4; i++) {
		struct mortal *value = mortal_new(&obituary), *found;
		void *old;

		leash_map_exchange(shared, leash_key_number(1), value, &old);
		others += old != NULL;
		leash_release(old);
		/* Some stay until they are replaced. */
		if (i % 4) {
			mine += leash_map_remove_if(shared, leash_key_number(1), value);
			found = leash_map_get(shared, leash_key_number(1));
			mine += leash_map_remove_if(shared, leash_key_number(1), found);
			leash_release(found);
		}
		leash_release(value);
	}
	__atomic_fetch_add(&removed, mine, __ATOMIC_RELAXED);
	__atomic_fetch_add(&replaced, others, __ATOMIC_RELAXED);
	return argument;
}

static void contended(void)
{
	pthread_t threads[3];
	int i;

	obituary.deaths = 0;
	shared = leash_map_new();
	for (i = 0; i < 3; i++)
		threads[i] = thread_start(contend, NULL);
	for (i = 0; i < 3; i++)
		thread_end(threads[i]);
	is_int(removed + replaced, 3 * (CHANGES / 4), "what threads contend for is removed or replaced, by one of them");
	ok(removed > 0 && replaced > 0, "and both have happened: %ld removed, %ld replaced", removed, replaced);
	is_int((long long)leash_map_size(shared), 0, "nothing is left");
	leash_release(shared);
	eventually(deaths(&obituary) == 3 * (CHANGES / 4), "and all values are dead");
	obituary.deaths = 0;
}

/* A child that comes while others change the maps goes on with them; it may be slower, but not wrong. */
static bool going;

static void *mutate_on(void *argument)
{
	while (__atomic_load_n(&going, __ATOMIC_ACQUIRE))
		change(argument);
	return NULL;
}

static void in_child(void)
{
	struct member m = { .seed = 9 };
	leash_map *map = leash_map_new();
	int i, wrong = 0;

	for (i = 0; i < 2000; i++)
		change(&m);
	for (i = 0; i < 2000; i++)
		wrong += leash_map_set(map, leash_key_number((uint64_t)i), map) != 0;
	for (i = 0; i < MAPS; i++)
		leash_map_each(map, check_one, NULL);
	wrong += leash_map_size(map) != 2000;
	leash_release(map);
	leash_collect(2);
	_exit(wrong || m.wrong);
}

static void forks(void)
{
	struct member mutators[2] = { { .seed = 1 }, { .seed = 2 } };
	int i, status, wrong = 0;

	if (SANITIZED) {
		skip(1, "sanitizers follow no fork of a program with threads, or do not survive one in malloc");
		return;
	}
	for (i = 0; i < MAPS; i++)
		leash_slot_store_take(&maps[i], leash_map_new());
	__atomic_store_n(&going, true, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		mutators[i].thread = thread_start(mutate_on, &mutators[i]);
	for (i = 0; i < 20; i++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(20);
			in_child();
		}
		wrong += child < 0 || waitpid(child, &status, 0) != child || status != 0;
	}
	__atomic_store_n(&going, false, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		thread_end(mutators[i].thread);
	for (i = 0; i < MAPS; i++)
		leash_slot_clear(&maps[i]);
	is_int(wrong, 0, "children use the maps that their parent's threads were changing");
}

int main(void)
{
	leash_gc_disable();
	one_by_one();
	keys();
	walks();
	cycles();
	all_at_once();
	contended();
	forks();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
