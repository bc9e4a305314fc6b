/* What happens between the two looks that an answer is made of. */
#include <leash/leash.h>
#include "collect/round.h"
#include "points.h"
#include "said.h"
#include "stops.h"
#include "tap.h"

struct node {
	struct node *next;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static struct called names[3];
static struct node *first, *second, *third;
static void (*act)(void);
static int times;

/* The library's threads may be looking at the hook at any time: it stays the same, and this is what it calls. */
static void (*scene)(const char *point);

static void hook(const char *point)
{
	void (*now)(const char *point) = __atomic_load_n(&scene, __ATOMIC_ACQUIRE);

	if (now)
		now(point);
}

static void set_scene(void (*next)(const char *point))
{
	__atomic_store_n(&scene, next, __ATOMIC_RELEASE);
}

static void act_between_looks(const char *point)
{
	if (strcmp(point, "see: second look") == 0 && times && times--)
		act();
}

static void count_up(void)
{
	leash_retain(second);
}

static void write_field(void)
{
	leash_set(&first->next, second);
}

static void move(void)
{
	struct node *moved = leash_steal(&first->next);

	leash_set_take(&first->next, leash_steal(&third->next));
	leash_set_take(&third->next, moved);
}

static void nothing(void)
{
}

static void die(void)
{
	leash_clear(&first->next);
}

static char *why(void (*meanwhile)(void), int how_often)
{
	act = meanwhile;
	times = how_often;
	return said_by(leash_why, second, names);
}

static bool says_changed(char *said)
{
	bool changed = strstr(said, "changed while looking") != NULL;

	free(said);
	return changed;
}

static __thread bool looking; /* the thread that asks */

static int go; /* hand it off now */

static void *make_and_hand_off(void *place)
{
	struct node *made = leash_new(&node_type);

	__atomic_store_n((struct node **)place, made, __ATOMIC_RELEASE);
	(void)WAIT_FOR(__atomic_load_n(&go, __ATOMIC_ACQUIRE));
	leash_handoff(made);
	return NULL;
}

static struct stop handoff;

/* From the first look to the end of the second the count is between the words. */
static void hand_off_meanwhile(const char *point)
{
	if (!looking) {
		stop_hook(point);
		return;
	}
	if (strcmp(point, "collect: between the words") == 0 && !go) {
		__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
		stop_await(&handoff);
	}
	if (strcmp(point, "heap: keep no more") == 0 && stop_state(&handoff) == STOP_REACHED)
		stop_resume(&handoff);
}

static void hands_off(void)
{
	struct node *made = NULL;
	char *said;

	set_scene(hand_off_meanwhile);
	stop_start(&handoff, "merge: before the swap", make_and_hand_off, &made);
	(void)WAIT_FOR(__atomic_load_n(&made, __ATOMIC_ACQUIRE));
	names[0] = (struct called){ made, "MADE" };
	names[1].object = NULL;
	looking = true;
	said = said_by(leash_why, made, names);
	looking = false;
	is_str(said, "node MADE: 1 reference, 0 from fields, 1 from outside\n", "a count on its way between the words");
	free(said);
	stop_end(&handoff);
	leash_release(made);
}

static leash_slot shown;
static struct node *mortal, *back;

static void bring_back(void *object)
{
	if (object == mortal)
		__atomic_store_n(&back, leash_retain(object), __ATOMIC_RELEASE);
}

static const leash_type mortal_type = {
	.name = "mortal",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
	.finalize = bring_back,
};

static bool is_back(void)
{
	struct node *found = __atomic_load_n(&back, __ATOMIC_ACQUIRE);

	return found && leash_refcount(found) == 1;
}

/* Dies when another is being read, and is back before it is read again: its finalizer waits for the read section to end. */
static void revive_meanwhile(const char *point)
{
	if (!looking)
		return;
	if (strcmp(point, "collect: between the words") == 0)
		leash_slot_clear(&shown);
	if (strcmp(point, "see: second look") == 0)
		(void)WAIT_FOR(is_back());
}

static void comes_back(void)
{
	struct node *one = leash_new(&mortal_type), *other = leash_new(&mortal_type);
	struct node *held = leash_new(&node_type);
	char *said;

	/* The one that is read later. */
	mortal = one < other ? other : one;
	leash_set(&mortal->next, held);
	leash_slot_store_take(&shown, mortal);
	names[0] = (struct called){ mortal, "MORTAL" };
	names[1] = (struct called){ held, "HELD" };
	set_scene(revive_meanwhile);
	looking = true;
	said = said_by(leash_why, held, names);
	looking = false;
	is_str(said,
	       "node HELD: 2 references, 1 from fields, 1 from outside\n"
	       "shortest chain from outside:\n"
	       "  mortal MORTAL, 1 from outside\n"
	       "  .next -> node HELD\n", "what was dead at the first look, and alive at the second");
	free(said);
	leash_release(held);
	leash_release(one);
	leash_release(other);
}

static void see_dead(const void *object, const leash_type *type, const char *field, void *arg)
{
	(void)type;
	(void)field;
	/* Both die; the memory of the one that is told next is still its own. */
	if (first)
		leash_clear(&first);
	*(int *)arg += ((const struct node *)object)->next == NULL;
}

static struct node *pair[2];
static struct baton looks = BATON;

/* Is told of one of a pair that is garbage, and goes on when it has been collected. */
static void see_collected(const void *object, const leash_type *type, const char *field, void *arg)
{
	(void)type;
	(void)field;
	if (object != pair[0] && object != pair[1])
		return;
	baton_pass(&looks, 1);
	baton_await(&looks, 2);
	*(int *)arg += ((const struct node *)object)->next == NULL;
}

static void *look_on(void *seen)
{
	leash_objects(see_collected, seen);
	return NULL;
}

static void collected_meanwhile(void)
{
	pthread_t thread;
	int seen = 0;
	uint32_t part;

	set_scene(NULL);
	for (int i = 0; i < 2; i++)
		pair[i] = leash_new(&node_type);
	for (int i = 0; i < 2; i++)
		leash_set(&pair[i]->next, pair[1 - i]);
	leash_release(pair[0]);
	leash_release(pair[1]);
	/* What is found to be garbage with the one while the other waits to be looked at is left for the log's reader. */
	lsh_lock(&lsh_round_lock);
	part = lsh_round_part;
	lsh_round_part = 1;
	lsh_unlock(&lsh_round_lock);
	thread = thread_start(look_on, &seen);
	baton_await(&looks, 1);
	ok(leash_collect(0) >= 2, "a pair is collected while somebody is told of it");
	baton_pass(&looks, 2);
	thread_end(thread);
	is_int(seen, 2, "who may still read it");
	lsh_round_part = part;
}

struct leaf {
	long number;
};
static const leash_type leaf_type = { .name = "leaf", .size = sizeof(struct leaf) };
static struct leaf *leaves[2];

static void see_dead_leaf(const void *object, const leash_type *type, const char *field, void *arg)
{
	(void)field;
	if (type != &leaf_type)
		return;
	for (int i = 0; i < 2; i++) {
		leash_release(leaves[i]);
		leaves[i] = NULL;
	}
	*(int *)arg += ((const struct leaf *)object)->number == 42;
}

static void leaves_die(void)
{
	int seen = 0;

	for (int i = 0; i < 2; i++) {
		leaves[i] = leash_new(&leaf_type);
		leaves[i]->number = 42;
	}
	leash_objects(see_dead_leaf, &seen);
	is_int(seen, 2, "and leaves that die while somebody is told of them");
}

int main(void)
{
	setenv("LEASH_OPTIONS", "track:true,threshold:0", 1);
	set_scene(act_between_looks);
	lsh_point_hook = hook;
	first = leash_new(&node_type);
	second = leash_new(&node_type);
	third = leash_new(&node_type);
	names[0] = (struct called){ first, "FIRST" };
	names[1] = (struct called){ second, "SECOND" };

	ok(!says_changed(why(nothing, 9)), "nothing happens, nothing is said");
	ok(!says_changed(why(count_up, 1)), "what changes once is looked at again");
	ok(says_changed(why(count_up, 9)), "a count that changes all the time");
	while (leash_refcount(second) > 1)
		leash_release(second);
	char *said = why(write_field, 1);
	is_str(said,
	       "node SECOND: 2 references, 1 from fields, 1 from outside\n"
	       "shortest chain from outside:\n"
	       "  node FIRST, 1 from outside\n"
	       "  .next -> node SECOND\n", "a field that changes once");
	free(said);
	ok(says_changed(why(move, 9)), "a reference that moves between objects, with no count changed");
	leash_clear(&first->next);
	leash_clear(&third);
	said = why(write_field, 9);
	ok(strstr(said, "node SECOND: 2 references") != NULL, "one that is written again and again, with what it had");
	free(said);

	leash_set_take(&first->next, leash_new(&node_type));
	said = why(die, 9);
	ok(strstr(said, "node SECOND: 1 reference, 0 from fields, 1 from outside\n") == said,
	   "another object dies meanwhile");
	free(said);

	int told = 0;
	leash_release(second);
	leash_set_take(&first->next, leash_new(&node_type));
	is_int(leash_objects(see_dead, &told), 2, "objects that die between two calls are told");
	is_int(told, 2, "as what they are then: dead, their fields empty");
	hands_off();
	comes_back();
	collected_meanwhile();
	leaves_die();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
