/* leash_weak_set: members as long as they live. */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>
#include "crew.h"
#include "knot.h"
#include "mortal-weak.h"
#include "sanitized.h"
#include "tap.h"
#include "wait.h"

static struct obituary obituary;

/* A type without fields and hooks: its death is nothing but its memory's. */
static const leash_type leaf_type = { .name = "leaf", .size = 24, .flags = LEASH_WEAKABLE };

static void one_by_one(void)
{
	leash_weak_set *set = leash_weak_set_new();
	struct weakling *a = weakling_new(&obituary, 1), *b = weakling_new(&obituary, 2);
	struct knot *knot = knot_new(&obituary);
	void *leaf = leash_new(&leaf_type);

	is_int((long long)leash_weak_set_size(set), 0, "a new set is empty");
	ok(!leash_weak_set_contains(set, a), "it does not contain anything");
	ok(!leash_weak_set_remove(set, a), "that could be removed");
	is_int(leash_weak_set_add(set, a), 0, "add");
	is_int((long long)leash_refcount(a), 1, "holds nothing");
	ok(leash_weak_set_contains(set, a) && !leash_weak_set_contains(set, b), "what was added is a member");
	is_int(leash_weak_set_add(set, a), 0, "what is a member can be added");
	is_int((long long)leash_weak_set_size(set), 1, "but is so once");
	is_int(leash_weak_set_add(set, b), 0, "another one");
	is_int((long long)leash_weak_set_size(set), 2, "is a second member");
	ok(leash_weak_set_remove(set, a), "remove");
	ok(!leash_weak_set_contains(set, a) && leash_weak_set_contains(set, b), "takes out what was meant");
	ok(!leash_weak_set_remove(set, a), "once");
	leash_weak_set_add(set, a);
	leash_release(a);
	is_int((long long)leash_weak_set_size(set), 1, "who dies is no member");
	is_int(leash_weak_set_add(set, leaf), 0, "an object that has no fields and no hooks");
	leash_release(leaf);
	is_int((long long)leash_weak_set_size(set), 1, "is no member either when it is dead");
	is_int(leash_weak_set_add(set, knot), -EINVAL, "types that allow no weak references are refused");
	leash_release(knot);
	leash_release(set);
	leash_release(b);
	is_int(deaths(&obituary), 3, "a set that dies leaves its members alone");
	obituary.deaths = 0;
}

/* Memory is used again: what is there now is not who was there before. */
static void addresses(void)
{
	leash_weak_set *set = leash_weak_set_new();
	int wrong = 0, i;

	for (i = 0; i < 5000; i++) {
		struct weakling *w = weakling_new(&obituary, i);

		wrong += leash_weak_set_contains(set, w);
		leash_weak_set_add(set, w);
		wrong += !leash_weak_set_contains(set, w) || leash_weak_set_size(set) != 1;
		leash_release(w);
	}
	is_int(wrong, 0, "objects at the address of dead members are no members");
	is_int((long long)leash_weak_set_size(set), 0, "and the dead do not count");
	leash_release(set);
	obituary.deaths = 0;
}

struct seen {
	leash_weak_set *set;
	struct weakling **members;
	int calls, wrong, act;
};

static bool look(void *member, void *arg)
{
	struct seen *seen = arg;
	struct weakling *w = member;
	int i;

	seen->calls++;
	seen->wrong += seen->members[w->value] != w;
	if (seen->act == 1)
		for (i = 0; i < 300; i++)
			if (i != w->value) {
				leash_release(seen->members[i]);
				seen->members[i] = NULL;
			}
	if (seen->act == 2)
		leash_weak_set_remove(seen->set, member);
	if (seen->act == 3)
		leash_release(seen->set);
	return seen->act != 3;
}

static int walk(int act, size_t left)
{
	struct weakling *members[300];
	struct seen seen = { leash_weak_set_new(), members, 0, 0, act };
	int i;

	for (i = 0; i < 300; i++) {
		members[i] = weakling_new(&obituary, i);
		leash_weak_set_add(seen.set, members[i]);
	}
	leash_weak_set_each(seen.set, look, &seen);
	if (seen.wrong || (act != 3 && leash_weak_set_size(seen.set) != left))
		seen.calls = -1;
	for (i = 0; i < 300; i++)
		leash_release(members[i]);
	if (act != 3)
		leash_release(seen.set);
	return seen.calls;
}

static void walks(void)
{
	is_int(walk(0, 300), 300, "a walk comes by all");
	is_int(walk(1, 1), 1, "who dies meanwhile is not seen");
	is_int(walk(2, 0), 300, "who is removed where he is seen has been");
	is_int(walk(3, 0), 1, "a set may be dropped by its walk");
	obituary.deaths = 0;
}

/* Members come and go, some in cycles, some together with sets. */
#define TURNS (SLOW ? 5000 : 60000)
static leash_slot current;

static bool check(void *member, void *arg)
{
	*(long *)arg += ((struct weakling *)member)->obituary != &obituary;
	return true;
}

static void come_and_go(struct member *m)
{
	struct weakling *kept[16] = { NULL };
	int i;

	for (i = 0; i < TURNS; i++) {
		int place = rand_r(&m->seed) % 16;
		leash_weak_set *set = leash_slot_load(&current);

		if (kept[place]) {
			m->wrong += rand_r(&m->seed) % 4 == 0 && leash_weak_set_add(set, kept[place]) != 0;
			if (rand_r(&m->seed) % 4 == 0)
				leash_weak_set_remove(set, kept[place]);
			leash_release(kept[place]);
		}
		kept[place] = weakling_new(&obituary, i);
		m->born++;
		m->wrong += leash_weak_set_add(set, kept[place]) != 0;
		if (i % 3 == 0)
			leash_set(&kept[place]->hold, (void *)kept[place]);
		if (i % 5 == 0)
			leash_set(&kept[place]->hold, (void *)set);
		if (i % 100 == 0)
			leash_weak_set_each(set, check, &m->wrong);
		if (i % 1000 == 0)
			leash_slot_store_take(&current, leash_weak_set_new());
		leash_release(set);
	}
	for (i = 0; i < 16; i++)
		leash_release(kept[i]);
}

static void all_at_once(void)
{
	leash_weak_set *set;
	struct member all;
	int i;

	leash_slot_store_take(&current, leash_weak_set_new());
	all = crew_act(come_and_go);
	is_int(all.wrong, 0, "threads that come and go beside the collector find what they should");
	for (i = 0; i < 4; i++)
		leash_collect(2);
	eventually(deaths(&obituary) == all.born, "all %ld die", all.born);
	set = leash_slot_load(&current);
	eventually(leash_weak_set_size(set) == 0, "and are no members");
	leash_release(set);
	leash_slot_clear(&current);
}

int main(void)
{
	leash_gc_disable();
	one_by_one();
	addresses();
	walks();
	all_at_once();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
