/* leash_array: what it does to its elements and their counts, cycles through it, and changing it beside the
 * collector. */
#include <leash/leash.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "crew.h"
#include "knot.h"
#include "sanitized.h"
#include "tap.h"

static struct obituary obituary;

static void append(leash_array *array, void *object)
{
	if (leash_array_append_take(array, object) != 0)
		bail_out("no memory");
}

static void one_by_one(void)
{
	leash_array *array = leash_array_new();
	struct knot *a = knot_new(&obituary), *b = knot_new(&obituary), *got;

	is_int((long long)leash_array_size(array), 0, "a new array is empty");
	ok(leash_array_get(array, 0) == NULL, "it has no element");
	ok(leash_array_pop(array) == NULL, "nor a last one");
	is_int(leash_array_set(array, 0, a), -ERANGE, "there is nothing to set");
	is_int(leash_array_remove(array, 0), -ERANGE, "nor to remove");
	is_int(leash_array_insert(array, 1, a), -ERANGE, "insert leaves no gap");
	is_int((long long)leash_refcount(a), 1, "what failed took no reference");

	is_int(leash_array_append(array, a), 0, "append");
	is_int((long long)leash_refcount(a), 2, "takes a reference of its own");
	is_int(leash_array_insert(array, 0, b), 0, "insert at the front");
	is_int(leash_array_insert(array, 2, NULL), 0, "insert at the end, of NULL");
	is_int((long long)leash_array_size(array), 3, "three elements");
	got = leash_array_get(array, 0);
	is_ptr(got, b, "in their order");
	is_int((long long)leash_refcount(b), 3, "get gives a reference");
	leash_release(got);
	ok(leash_array_get(array, 2) == NULL, "NULL is an element");
	is_int(leash_array_set(array, 2, a), 0, "and can be set");
	is_int((long long)leash_refcount(a), 3, "an object twice has two references");
	is_int(leash_array_remove(array, 1), 0, "remove from the middle");
	is_int((long long)leash_refcount(a), 2, "gives one back");
	is_int((long long)leash_array_size(array), 2, "and makes it shorter");
	is_int(leash_array_set(array, 0, NULL), 0, "setting an element");
	is_int((long long)leash_refcount(b), 1, "releases what was there");
	got = leash_array_pop(array);
	is_ptr(got, a, "pop takes the last one out");
	is_int((long long)leash_refcount(a), 2, "with its reference");
	leash_release(got);
	ok(leash_array_pop(array) == NULL, "pop of NULL");
	is_int((long long)leash_array_size(array), 0, "also makes it shorter");
	append(array, a);
	append(array, b);
	leash_array_clear(array);
	is_int(deaths(&obituary), 2, "clear releases all");
	leash_array_clear(array);
	is_int((long long)leash_array_size(array), 0, "and leaves it empty");
	append(array, knot_new(&obituary));
	leash_release(array);
	is_int(deaths(&obituary), 3, "an array that dies releases what it holds");
	obituary.deaths = 0;
}

/* Against a plain array: same elements in the same order, whatever is done. */
#define MOST 600

static void at_random(void)
{
	struct mortal *objects[40], *shadow[MOST + 1];
	size_t size = 0, wrong = 0, i, k;
	long counts[40] = { 0 };
	leash_array *array = leash_array_new();

	srand(1);
	for (i = 0; i < 40; i++)
		objects[i] = i % 2 ? (struct mortal *)knot_new(&obituary) : mortal_new(&obituary);
	for (i = 0; i < 20000; i++) {
		struct mortal *object = rand() % 8 ? objects[rand() % 40] : NULL, *got;
		/* Long stretches of growing and of shrinking. */
		int act = rand() % 10 + (i / 2000 % 2 ? 0 : 3);
		size_t at = size ? (size_t)rand() % size : 0;

		if (act < 3 && size) {
			wrong += leash_array_remove(array, at) != 0;
			memmove(&shadow[at], &shadow[at + 1], (--size - at) * sizeof(*shadow));
		} else if (act < 4 && size) {
			got = leash_array_pop(array);
			wrong += got != shadow[--size];
			leash_release(got);
		} else if (act < 6 && size) {
			wrong += leash_array_set(array, at, object) != 0;
			shadow[at] = object;
		} else if (act < 9 && size < MOST) {
			wrong += leash_array_insert(array, at, object) != 0;
			memmove(&shadow[at + 1], &shadow[at], (size++ - at) * sizeof(*shadow));
			shadow[at] = object;
		} else if (size < MOST) {
			wrong += leash_array_append(array, object) != 0;
			shadow[size++] = object;
		}
		if (i % 16)
			continue;
		wrong += leash_array_size(array) != size;
		for (k = 0; k <= size; k++) {
			got = leash_array_get(array, k);
			wrong += got != (k < size ? shadow[k] : NULL);
			leash_release(got);
		}
	}
	is_int((long long)wrong, 0, "20000 changes at random leave what they should");
	for (i = 0; i < size; i++)
		for (k = 0; k < 40; k++)
			counts[k] += shadow[i] == objects[k];
	for (k = 0; k < 40; k++)
		wrong += leash_refcount(objects[k]) != 1 + (size_t)counts[k];
	is_int((long long)wrong, 0, "and every count is right");
	leash_release(array);
	for (k = 0; k < 40; k++)
		wrong += leash_refcount(objects[k]) != 1;
	is_int((long long)wrong, 0, "also when it is gone");
	for (k = 0; k < 40; k++)
		leash_release(objects[k]);
	is_int(deaths(&obituary), 40, "all die once");
	obituary.deaths = 0;
}

/* An element's hook that uses the array which it is released from. */
static leash_array *subject;

static void meddle(void *object)
{
	(void)object;
	append(subject, NULL);
}

static void from_hooks(void)
{
	static const leash_type meddler_type = { .name = "meddler", .size = 8, .destroy = meddle };

	subject = leash_array_new();
	for (int i = 0; i < 20; i++)
		append(subject, leash_new(&meddler_type));
	is_int(leash_array_set(subject, 3, NULL), 0, "an element whose hook appends is set");
	is_int((long long)leash_array_size(subject), 21, "and has appended");
	is_int(leash_array_remove(subject, 4), 0, "is removed");
	is_int((long long)leash_array_size(subject), 21, "and has appended");
	leash_array_clear(subject);
	is_int((long long)leash_array_size(subject), 18, "clear releases what was there, not what hooks append");
	leash_array_clear(subject);
	is_int((long long)leash_array_size(subject), 0, "until the next time");
	leash_release(subject);
}

struct holder {
	leash_array *array;
};

static const leash_type holder_type = { .name = "holder", .size = sizeof(struct holder),
					LEASH_FIELDS(struct holder, array) };

static void cycles(void)
{
	leash_array *a = leash_array_new(), *b;

	append(a, knot_new(&obituary));
	if (leash_array_append(a, a))
		bail_out("no memory");
	is_int(leash_collect(2), 0, "an array that holds itself lives");
	leash_release(a);
	is_int(leash_collect(2), 2, "and is found when nobody else does");
	eventually(deaths(&obituary) == 1, "with what it holds");

	/* The array is held by nothing but the object that it is given. */
	struct holder *holder = leash_new(&holder_type);
	a = leash_array_new();
	leash_set_take(&holder->array, a);
	is_int(leash_collect(2), 0, "an array that is held by an object lives");
	is_int(leash_array_append_take(a, holder), 0, "a cycle that is closed by a reference moved in");
	is_int(leash_collect(2), 2, "is found");

	a = leash_array_new();
	b = leash_array_new();
	for (int i = 0; i < 100; i++)
		append(a, knot_new(&obituary));
	if (leash_array_insert(a, 50, b) || leash_array_append(b, a))
		bail_out("no memory");
	leash_release(b);
	is_int(leash_collect(2), 0, "two that hold each other live");
	leash_array_remove(a, 3);
	leash_release(a);
	is_int(leash_collect(2), 101, "until nobody else holds one");
	eventually(deaths(&obituary) == 101, "with all they hold");
	is_int(leash_collect(2), 0, "nothing is left to collect");
	obituary.deaths = 0;
}

/* Threads change arrays of their own, that hold knots, each other and themselves, while rounds follow one another. */
#define ARRAYS  6
#define CHANGES (SLOW ? 20000 : 500000)

static void *some(struct member *m, leash_array **arrays)
{
	if (rand_r(&m->seed) % 3 == 0)
		return leash_retain(arrays[rand_r(&m->seed) % ARRAYS]);
	m->born++;
	return knot_new(&obituary);
}

/* Arrays whose knots carry their address; what is found there must be whole. */
static void look(void *object)
{
	if (object && leash_typeof(object) == &knot_type)
		knot_check(object);
	leash_release(object);
}

static void change(struct member *m, leash_array **arrays)
{
	leash_array **slot = &arrays[rand_r(&m->seed) % ARRAYS], *array = *slot;
	size_t size = leash_array_size(array), at = size ? (size_t)rand_r(&m->seed) % size : 0;
	void *object = NULL;

	switch (rand_r(&m->seed) % (size < 40 ? 9 : size > 80 ? 4 : 7)) {
	case 0:
		look(leash_array_pop(array));
		break;
	case 1:
	case 2:
		m->wrong += size && leash_array_remove(array, at);
		break;
	case 3:
		look(leash_array_get(array, at));
		break;
	case 4:
	case 5:
		object = some(m, arrays);
		m->wrong += leash_array_insert(array, at, object) != 0;
		break;
	case 6:
		object = some(m, arrays);
		m->wrong += size && leash_array_set(array, at, object) != 0;
		break;
	default:
		append(array, some(m, arrays));
		break;
	}
	leash_release(object);
	if (rand_r(&m->seed) % 500 == 0) {
		/* Most often garbage with a cycle in it. */
		leash_release(array);
		*slot = leash_array_new();
	} else if (rand_r(&m->seed) % 500 == 0) {
		leash_array_clear(array);
	}
}

static void mutate(struct member *m)
{
	leash_array *arrays[ARRAYS];
	int i;

	for (i = 0; i < ARRAYS; i++)
		arrays[i] = leash_array_new();
	for (i = 0; i < CHANGES; i++)
		change(m, arrays);
	for (i = 0; i < ARRAYS; i++)
		leash_release(arrays[i]);
}

static void beside_the_collector(void)
{
	leash_gc_stats_t stats;
	struct member all = crew_act(mutate);
	long collected = 0;
	int i;

	leash_collect(2);
	leash_flush();
	eventually(deaths(&obituary) == all.born, "in the end all %ld are dead", all.born);
	is_int(all.wrong, 0, "and nothing failed");
	leash_gc_stats(&stats);
	for (i = 0; i < 3; i++)
		collected += (long)stats.generation[i].collected;
	ok(collected > 0, "the collector had a part in it: %ld objects", collected);
	diag("%ld full rounds", (long)stats.generation[2].collections);
}

int main(void)
{
	leash_gc_disable();
	one_by_one();
	at_random();
	from_hooks();
	cycles();
	beside_the_collector();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
