/* leash_referents, leash_referrers, leash_objects. */
#include <leash/leash.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "scene.h"
#include "tap.h"
#include "threads.h"

struct node {
	struct node *next;
	struct node *pair[2];
	leash_weak weak;
	leash_slot slot;
	struct node *tail[];
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next, pair, weak, slot, LEASH_TAIL(tail)),
};

static const leash_type bare_type = { .name = "bare", .size = 0 };

/* What callbacks were given, in order. */
static struct {
	const void *object;
	const leash_type *type;
	char field[40];
} seen[64];
static int count;

static void note(const void *object, const leash_type *type, const char *field, void *arg)
{
	if (arg != seen || count == 64)
		bail_out("not our argument, or too many");
	seen[count].object = object;
	seen[count].type = type;
	snprintf(seen[count].field, sizeof seen[count].field, "%s", field ? field : "(none)");
	count++;
}

static void referents(void)
{
	struct node *a = leash_new_extra(&node_type, 2 * sizeof(struct node *)), *b = leash_new(&node_type);
	void *bare = leash_new(&bare_type);

	is_int(leash_referents(b, note, seen), 0, "an object that refers to nothing");
	is_int(leash_referents(bare, note, seen), 0, "one that cannot");
	leash_set(&a->pair[1], b);
	leash_set_take(&a->tail[0], bare);
	leash_slot_store(&a->slot, b);
	leash_weak_init(&a->weak, b);
	leash_set(&a->next, a);
	count = 0;
	is_int(leash_referents(a, note, seen), 4, "strong references are reported, weak ones are not");
	is_int(count, 4, "each by a call");
	ok(seen[0].object == a && seen[0].type == &node_type, "first the first field's");
	is_str(seen[0].field, "next", "by its name");
	ok(seen[1].object == b && strcmp(seen[1].field, "pair[1]") == 0, "an element of an array (%s)", seen[1].field);
	ok(seen[2].object == b && strcmp(seen[2].field, "slot") == 0, "a slot (%s)", seen[2].field);
	ok(seen[3].object == bare && seen[3].type == &bare_type && strcmp(seen[3].field, "tail[0]") == 0,
	   "an element of a tail, of another type (%s)", seen[3].field);
	is_int(leash_referents(NULL, note, seen), -EINVAL, "NULL is no object");
	is_int(leash_referents(a, NULL, seen), -EINVAL, "nor a function");
	leash_clear(&a->next);
	leash_release(a);
	leash_release(b);
}

static void referrers(void)
{
	struct node *a = leash_new(&node_type), *b = leash_new(&node_type), *c = leash_new(&node_type);
	leash_map *map = leash_map_new();
	bool twice;

	leash_set(&a->pair[0], c);
	leash_set(&a->pair[1], c);
	leash_set(&b->next, c);
	leash_map_set(map, leash_key_text("key"), c);
	count = 0;
	is_int(leash_referrers(c, note, seen), 4, "each reference is one");
	is_int(count, 4, "each by a call");
	twice = false;
	for (int i = 0; i < count; i++) {
		const char *field = seen[i].field;

		if (seen[i].object == a)
			ok(strcmp(field, "pair[0]") == 0 || strcmp(field, "pair[1]") == 0, "a, by %s", field);
		else if (seen[i].object == b)
			ok(strcmp(field, "next") == 0, "b, by %s", field);
		else
			ok(strcmp(field, "[\"key\"]") == 0 && !twice, "and the map, by %s", field);
		twice |= field[0] == '[';
	}
	count = 0;
	is_int(leash_referrers(a, note, seen), 0, "a variable is no object");
	is_int(leash_referrers(NULL, note, seen), -EINVAL, "NULL is no object");
	is_int(leash_referrers(a, NULL, seen), -EINVAL, "nor a function");
	leash_release(a);
	leash_release(b);
	leash_release(c);
	leash_release(map);
}

static int alive_of(const leash_type *type)
{
	int number = 0;

	count = 0;
	if (leash_objects(note, seen) != count)
		bail_out("its result is not the number of calls");
	for (int i = 0; i < count; i++)
		number += seen[i].type == type && strcmp(seen[i].field, "(none)") == 0;
	return number;
}

static void *make(void *unused)
{
	(void)unused;
	return leash_new(&bare_type);
}

static void objects(void)
{
	void *here = leash_new(&bare_type), *there = elsewhere(make, NULL);
	struct node *a = leash_new(&node_type), *large = leash_new_extra(&node_type, 100000);

	is_int(alive_of(&bare_type), 2, "objects of any thread");
	is_int(alive_of(&node_type), 2, "of any size");
	leash_release(here);
	is_int(alive_of(&bare_type), 1, "dead ones are none");
	leash_release(there);
	is_int(alive_of(&bare_type), 0, "nor those that another thread had made");
	leash_set(&a->next, large);
	leash_set_take(&large->next, a);
	leash_release(large);
	is_int(alive_of(&node_type), 2, "a cycle is alive");
	leash_collect(2);
	is_int(alive_of(&node_type), 0, "until it is collected");
	is_int(leash_objects(NULL, NULL), -EINVAL, "a function is needed");
}

/* A callback may use the library, and change what is being looked at. */
static void cut(const void *object, const leash_type *type, const char *field, void *arg)
{
	struct node *a = arg;

	(void)type;
	(void)field;
	leash_release(leash_retain(object));
	leash_clear(&a->next);
	leash_clear(&a->pair[0]);
	if (leash_objects(note, seen) < 1)
		bail_out("no objects");
	leash_collect(0);
}

static void busy_callbacks(void)
{
	struct node *a = leash_new(&node_type), *b = leash_new(&node_type);

	leash_set(&a->next, b);
	leash_set(&a->pair[0], b);
	count = 0;
	is_int(leash_referents(a, cut, a), 2, "what is called meanwhile does not change the answer");
	is_int(leash_referents(a, note, seen), 0, "but the object");
	leash_set(&a->next, b);
	count = 0;
	is_int(leash_referrers(b, cut, a), 1, "the same for referrers");
	leash_release(a);
	leash_release(b);
}

/* Many births and deaths, in an order that makes the table of all objects grow, shrink and move. */
static void many(void)
{
	enum { N = 20000 };
	static void *all[N];
	unsigned random = 5;
	int alive = 0, wrong = 0;

	for (int i = 0; i < 4 * N; i++) {
		int k = rand_r(&random) % N;

		if (all[k]) {
			leash_release(all[k]);
			all[k] = NULL;
			alive--;
		} else {
			all[k] = leash_new(&bare_type);
			alive++;
		}
		if (i % 20000 == 0) {
			int known = 0;

			for (int j = 0; j < N; j++)
				known += all[j] != NULL;
			wrong += known != alive;
		}
	}
	struct node *holder = leash_new(&node_type);
	int unseen = 0;
	for (int i = 0; i < N; i += 97)
		if (all[i]) {
			leash_set(&holder->next, all[i]);
			unseen += leash_referrers(all[i], note, seen) != 1;
			leash_clear(&holder->next);
			count = 0;
		}
	is_int(wrong + unseen, 0, "the table of all objects knows them after many changes");
	for (int i = 0; i < N; i++)
		leash_release(all[i]);
	leash_release(holder);
	count = 0;
	is_int(leash_objects(note, seen), 0, "and none in the end");
}

static int untracked(void)
{
	struct node *a = leash_new(&node_type);

	leash_set(&a->next, a);
	printf("%ld %ld %ld\n", leash_referents(a, note, seen), leash_referrers(a, note, seen), leash_objects(note, seen));
	leash_clear(&a->next);
	leash_release(a);
	return leash_shutdown() != 0;
}

int main(int argc, char **argv)
{
	struct outcome o;
	char expected[60];

	if (argc > 1 && strcmp(argv[1], "untracked") == 0)
		return untracked();
	play(&o, "untracked", NULL);
	snprintf(expected, sizeof expected, "1 %d %d\n", -ENOTSUP, -ENOTSUP);
	is_str(o.out, expected, "without tracking only an object's own fields are known");
	setenv("LEASH_OPTIONS", "track:true", 1);
	leash_gc_disable();
	referents();
	referrers();
	objects();
	busy_callbacks();
	many();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
