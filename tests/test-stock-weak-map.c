/* leash_weak_map: entries live as long as their values, for one thread and for all at once. */
#include <leash/leash.h>
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "knot.h"
#include "mortal-weak.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static struct weakling *new(long value)
{
	return weakling_new(&obituary, value);
}

static leash_key key(long number)
{
	return leash_key_number((uint64_t)number);
}

static bool is_at(const leash_weak_map *map, leash_key wanted, const void *object)
{
	void *value = leash_weak_map_get(map, wanted);
	bool right = value == object;

	leash_release(value);
	return right;
}

static void one_by_one(void)
{
	leash_weak_map *map = leash_weak_map_new();
	struct weakling *a = new(1), *b = new(2), *got;
	struct knot *knot = knot_new(&obituary);

	is_int((long long)leash_weak_map_size(map), 0, "a new map is empty");
	ok(leash_weak_map_get(map, key(1)) == NULL, "nothing is there");
	ok(!leash_weak_map_remove(map, key(1)), "or to be removed");
	is_int(leash_weak_map_set(map, leash_key_text("a"), a), 0, "set");
	is_int((long long)leash_refcount(a), 1, "holds nothing");
	is_int((long long)leash_weak_map_size(map), 1, "and counts");
	got = leash_weak_map_get(map, leash_key_text("a"));
	is_ptr(got, a, "get finds it");
	is_int((long long)leash_refcount(a), 2, "with a reference");
	leash_release(got);
	is_int(leash_weak_map_set(map, leash_key_text("a"), b), 0, "another value of the key");
	ok(is_at(map, leash_key_text("a"), b), "replaces it");
	is_int((long long)leash_weak_map_size(map), 1, "in the same entry");
	leash_release(a);
	is_int(deaths(&obituary), 1, "what was replaced dies with its last reference");
	ok(is_at(map, leash_key_text("a"), b), "and leaves the other");
	leash_release(b);
	is_int(deaths(&obituary), 2, "so does that");
	ok(leash_weak_map_get(map, leash_key_text("a")) == NULL, "and its entry is gone");
	is_int((long long)leash_weak_map_size(map), 0, "and does not count");
	a = new(3);
	is_int(leash_weak_map_set(map, leash_key_text("a"), a), 0, "the key may be used again");
	ok(is_at(map, leash_key_text("a"), a), "for another object");
	ok(leash_weak_map_remove(map, leash_key_text("a")), "which is removed");
	ok(!leash_weak_map_remove(map, leash_key_text("a")), "once");
	eventually(leash_weak_count(a) == 0, "and soon not pointed to any more");
	errno = 0;
	is_int(leash_weak_map_set(map, key(1), knot), -EINVAL, "a value that allows no weak references is refused");
	ok(leash_weak_map_get_or_insert(map, key(1), knot) == NULL && errno == EINVAL, "everywhere");
	is_int((long long)leash_weak_map_size(map), 0, "and leaves nothing");
	leash_release(knot);
	is_int(leash_weak_map_set(map, key(1), a) + leash_weak_map_set(map, key(2), a), 0, "a value twice");
	leash_release(a);
	is_int((long long)leash_weak_map_size(map), 0, "goes from both entries");

	a = new(4);
	leash_weak_map_set(map, key(1), a);
	leash_release(map);
	is_int((long long)leash_refcount(a), 1, "a map that dies leaves its values alone");
	leash_release(a);
	is_int(deaths(&obituary), 5, "and they die without it");
	obituary.deaths = 0;
}

static void get_or_insert(void)
{
	leash_weak_map *map = leash_weak_map_new();
	struct weakling *a = new(1), *b = new(2), *got;

	got = leash_weak_map_get_or_insert(map, key(1), a);
	is_ptr(got, a, "the first value is inserted");
	is_int((long long)leash_refcount(a), 2, "and returned, with a reference");
	leash_release(got);
	got = leash_weak_map_get_or_insert(map, key(1), b);
	is_ptr(got, a, "the second finds the first");
	is_int((long long)leash_refcount(b), 1, "and is not touched");
	is_int((long long)leash_weak_count(b), 0, "nor pointed to");
	leash_release(got);
	leash_release(a);
	got = leash_weak_map_get_or_insert(map, key(1), b);
	is_ptr(got, b, "when that is dead, the next is inserted");
	leash_release(got);
	is_int((long long)leash_weak_map_size(map), 1, "in one entry");
	leash_release(b);
	leash_release(map);
	obituary.deaths = 0;
}

struct seen {
	leash_weak_map *map;
	struct weakling **values;
	int calls, wrong, act;
};

static bool look(leash_key k, void *value, void *arg)
{
	struct seen *seen = arg;
	struct weakling *w = value;
	long i;

	seen->calls++;
	seen->wrong += w->value != (long)k.number || seen->values[w->value] != w;
	if (seen->act == 1)
		for (i = 0; i < 1000; i++)
			if (i != w->value && seen->values[i]) {
				leash_release(seen->values[i]);
				seen->values[i] = NULL;
			}
	if (seen->act == 2) {
		leash_release(seen->values[w->value]);
		seen->values[w->value] = NULL;
	}
	if (seen->act == 3)
		leash_weak_map_remove(seen->map, k);
	return seen->act != 4 || seen->calls < 7;
}

static int walk(int act, size_t left)
{
	struct weakling *values[1000];
	struct seen seen = { leash_weak_map_new(), values, 0, 0, act };
	long i;

	for (i = 0; i < 1000; i++) {
		values[i] = new(i);
		leash_weak_map_set(seen.map, key(i), values[i]);
	}
	leash_weak_map_each(seen.map, look, &seen);
	if (seen.wrong || leash_weak_map_size(seen.map) != left)
		seen.calls = -1;
	for (i = 0; i < 1000; i++)
		leash_release(values[i]);
	leash_release(seen.map);
	return seen.calls;
}

static void walks(void)
{
	is_int(walk(0, 1000), 1000, "a walk comes by all");
	is_int(walk(1, 1), 1, "what dies meanwhile is not seen");
	is_int(walk(2, 0), 1000, "what dies when it is seen has been");
	is_int(walk(3, 0), 1000, "and so what is removed then");
	is_int(walk(4, 1000), 7, "a walk can be ended");
	obituary.deaths = 0;
}

static void collected(void)
{
	leash_weak_map *map = leash_weak_map_new();
	struct weakling *a = new(1), *b = new(2), *got;

	leash_weak_map_set(map, key(1), a);
	leash_weak_map_set(map, key(2), b);
	leash_set(&a->hold, (void *)b);
	leash_set_take(&b->hold, (void *)a);
	is_int(leash_collect(2), 0, "a cycle that is held lives");
	ok(is_at(map, key(1), a), "and is in the map");
	leash_release(b);
	got = leash_weak_map_get(map, key(2));
	is_ptr(got, b, "a dead cycle that was not found yet can be had back");
	is_int(leash_collect(2), 0, "and lives then");
	leash_release(got);
	is_int(leash_collect(2), 2, "when it is found");
	eventually(leash_weak_map_size(map) == 0, "it is in no map any more");
	ok(leash_weak_map_get(map, key(1)) == NULL && leash_weak_map_get(map, key(2)) == NULL, "under no key");

	/* The map in a cycle with its value. */
	a = new(3);
	leash_weak_map_set(map, key(3), a);
	leash_set_take(&a->hold, (void *)map);
	is_int((long long)leash_weak_map_size(map), 1, "a value that holds its map");
	leash_release(a);
	is_int(deaths(&obituary), 3, "dies, and the map with it");
	obituary.deaths = 0;
}

/* Keeps the library's thread of hooks busy. */
static void keep_busy(void *hooks)
{
	baton_pass(hooks, 1);
	baton_await(hooks, 2);
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void dead_but_there(void)
{
	leash_weak_map *map = leash_weak_map_new();
	struct weakling *a = new(1), *b = new(2), *got;
	static struct baton hooks[2] = { BATON, BATON };
	leash_weak weak;
	int act;

	for (act = 0; act < 2; act++) {
		leash_retire(&hooks[act], keep_busy);
		baton_await(&hooks[act], 1);
		leash_weak_init(&weak, a);
		leash_weak_map_set(map, key(1), a);
		/* Found dead by the library, and told by the thread that is busy. */
		elsewhere(drop, a);
		ok(WAIT_FOR(leash_weak_expired(&weak)), "a value dies");
		diag("entries that are there still: %zu", leash_weak_map_size(map));
		ok(leash_weak_map_get(map, key(1)) == NULL, "it is not found");
		ok(!leash_weak_map_remove(map, key(1)), "nor removed");
		if (act == 0) {
			got = leash_weak_map_get_or_insert(map, key(1), b);
			is_ptr(got, b, "another value is inserted");
			leash_release(got);
		} else {
			is_int(leash_weak_map_set(map, key(1), b), 0, "or set");
		}
		ok(is_at(map, key(1), b), "and is there");
		baton_pass(&hooks[act], 2);
		eventually(leash_weak_map_size(map) == 1, "and remains when the dead one goes");
		ok(is_at(map, key(1), b), "as it was");
		leash_weak_clear(&weak);
		a = b;
		b = new(3);
		leash_weak_map_remove(map, key(1));
	}
	leash_release(a);
	leash_release(b);
	leash_release(map);
	eventually(deaths(&obituary) == 4, "all are dead in the end");
	obituary.deaths = 0;
}

/* Without the memory of the dead: entries, what they copied, watches. */
static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = 0, all;

	if (!file || fscanf(file, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (file)
		fclose(file);
	return pages * 4;
}

static void churn(void)
{
	leash_weak_map *map = leash_weak_map_new();
	struct weakling *recent[64] = { NULL };
	long i, number = SLOW ? 50000 : 1000000, before = 0, most = 0;
	char text[64];

	for (i = 0; i < number; i++) {
		struct weakling **place = &recent[i % 64];

		leash_release(*place);
		*place = new(i);
		snprintf(text, sizeof(text), "a key that takes some room, number %ld", i);
		if (leash_weak_map_set(map, leash_key_text(text), *place))
			bail_out("no memory");
		if (i == number / 16)
			before = resident();
		if (leash_weak_map_size(map) > (size_t)most)
			most = (long)leash_weak_map_size(map);
	}
	is_int(most, 64, "%ld values come and go, and no more entries than live ones are there", number);
	diag("resident: %ld kB after a sixteenth, %ld kB at the end", before, resident());
	if (SLOW)
		skip(1, "memory is not what it is elsewhere");
	else
		ok(resident() < before + 98304, "and memory does not grow with them");
	for (i = 0; i < 64; i++)
		leash_release(recent[i]);
	is_int((long long)leash_weak_map_size(map), 0, "none is left");
	leash_release(map);
	obituary.deaths = 0;
}

/* All threads want the object of a key at the same time, and there is but one at a time. */
#define KEYS  8
#define TURNS (SLOW ? 5000 : 60000)

struct crew {
	leash_weak_map *map;
	int busy;
};

struct member {
	pthread_t thread;
	struct crew *crew;
	unsigned seed;
	long born, wrong, found;
};

static void want(struct member *m)
{
	leash_weak_map *map = m->crew->map;
	long number = rand_r(&m->seed) % KEYS;
	struct weakling *mine, *got, *again;

	mine = new(number);
	m->born++;
	got = leash_weak_map_get_or_insert(map, key(number), mine);
	leash_release(mine);
	if (!got || got->value != number) {
		m->wrong++;
		return;
	}
	m->found += got != mine;
	if (rand_r(&m->seed) % 4 == 0)
		sched_yield();
	/* As long as one thread holds it, all get the same. */
	again = leash_weak_map_get(map, key(number));
	m->wrong += again != got;
	leash_release(again);
	mine = new(number);
	m->born++;
	again = leash_weak_map_get_or_insert(map, key(number), mine);
	leash_release(mine);
	m->wrong += again != got;
	leash_release(again);
	leash_release(got);
}

static void *want_often(void *argument)
{
	struct member *m = argument;

	for (int i = 0; i < TURNS; i++)
		want(m);
	__atomic_fetch_sub(&m->crew->busy, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* The same with all that can be done, and no order to be expected; values hold maps, and each other. */
static bool hold(leash_key k, void *value, void *arg)
{
	(void)k;
	return ((struct weakling *)value)->obituary != NULL || arg;
}

static void *do_anything(void *argument)
{
	struct member *m = argument;
	struct weakling *kept[16] = { NULL };
	leash_weak_map *map = m->crew->map;
	int i;

	for (i = 0; i < TURNS; i++) {
		int place = rand_r(&m->seed) % 16;
		long number = rand_r(&m->seed) % KEYS;
		struct weakling *w;

		switch (rand_r(&m->seed) % 6) {
		case 0:
			w = leash_weak_map_get(map, key(number));
			if (w)
				m->wrong += w->value != number;
			leash_release(kept[place]);
			kept[place] = w;
			break;
		case 1:
			w = new(number);
			m->born++;
			m->wrong += leash_weak_map_set(map, key(number), w) != 0;
			/* In a dead cycle, most often. */
			leash_set(&w->hold, (void *)w);
			leash_release(kept[place]);
			kept[place] = w;
			break;
		case 2:
			w = new(number);
			m->born++;
			leash_release(leash_weak_map_get_or_insert(map, key(number), w));
			if (kept[place])
				leash_set(&w->hold, (void *)kept[place]);
			leash_release(w);
			break;
		case 3:
			leash_weak_map_remove(map, key(number));
			break;
		case 4:
			if (i % 64 == 0)
				leash_weak_map_each(map, hold, NULL);
			break;
		default:
			leash_release(kept[place]);
			kept[place] = NULL;
		}
	}
	for (i = 0; i < 16; i++)
		leash_release(kept[i]);
	__atomic_fetch_sub(&m->crew->busy, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void all_at_once(const char *what, void *(*deed)(void *))
{
	struct crew crew = { .map = leash_weak_map_new(), .busy = 3 };
	struct member members[3];
	long wrong = 0, born = 0, found = 0;
	int i;

	leash_gc_set_threshold(1, 1, 1);
	leash_gc_enable();
	for (i = 0; i < 3; i++) {
		members[i] = (struct member){ .crew = &crew, .seed = (unsigned)i + 1 };
		members[i].thread = thread_start(deed, &members[i]);
	}
	while (__atomic_load_n(&crew.busy, __ATOMIC_ACQUIRE))
		wrong += leash_collect(2) < 0;
	for (i = 0; i < 3; i++) {
		thread_end(members[i].thread);
		wrong += members[i].wrong;
		born += members[i].born;
		found += members[i].found;
	}
	leash_gc_disable();
	is_int(wrong, 0, "%s: three threads, all right", what);
	diag("%ld born, %ld found", born, found);
	for (i = 0; i < 4; i++)
		leash_collect(2);
	eventually(deaths(&obituary) == born, "all %ld die", born);
	eventually(leash_weak_map_size(crew.map) == 0, "and no entry is left");
	leash_release(crew.map);
	obituary.deaths = 0;
}

int main(void)
{
	leash_gc_disable();
	one_by_one();
	get_or_insert();
	walks();
	collected();
	dead_but_there();
	churn();
	all_at_once("one object for each key", want_often);
	all_at_once("everything that can be done", do_anything);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
