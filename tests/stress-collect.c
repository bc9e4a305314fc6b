/* Randomised stress of the cycle collector: threads change a graph of some hundred objects in every way that the library
 * offers, with cycles of every shape coming and going, while rounds of all generations run, called for and by
 * themselves, and objects die by count and by collection at once.
 *
 * A round has several phases.  After each all threads rest, keeping what they hold, and a full collection must leave in
 * memory just what is reachable: see stress-shadow.c.
 */
#include <leash/leash.h>
#include <errno.h>
#include <pthread.h>

#include "collect/round.h"
#include "points.h"
#include "sanitized.h"
#include "scheduler.h"
#include "stress-acts.h"
#include "stress-collect.h"
#include "stress-graph.h"
#include "stress-play.h"
#include "threads.h"

#define THREADS_MAX 6
#define HELD 12

/* How often what is done, in this round. */
enum {
	TIE = COMMON_ACTS,
	MOVE_OVER,
	WALK,
	COLLECT,
	FREEZE,
	POINT,
	FOLLOW,
	COPY,
	POINT_BACK,
	FOLLOW_BACK,
	SWAP,
	LOAD,
	REPLACE,
	COMPARE,
	LOOK,
	ACTS
};
static const unsigned usual[ACTS] = {
	[MAKE] = 40, [DROP] = 40, [DUPLICATE] = 10, [HAMMER] = 5, [TRADE] = 10, [SEND] = 5, [RECEIVE] = 10,
	[PEEK] = 10, [STORE] = 40, [TIE] = 20, [MOVE_IN] = 30, [COPY_OUT] = 20, [MOVE_OUT] = 15, [MOVE_OVER] = 30,
	[WALK] = 30, [CLEAR] = 8, [REBUILD] = 5, [ASK] = 5, [ADOPT] = 8, [CLOSE] = 3, [FLUSH] = 1, [NAP] = 1,
	[COLLECT] = 1, [POINT] = 15, [FOLLOW] = 20, [COPY] = 4, [POINT_BACK] = 6, [FOLLOW_BACK] = 6, [SWAP] = 8,
	[LOAD] = 10, [REPLACE] = 5, [COMPARE] = 5, [LOOK] = 5,
};
static unsigned weights[ACTS], total, kind_weights[GRAPH_KINDS], kind_total;
static size_t crowd; /* no more objects are made while there are so many */
bool stop;
static bool starving, with_freezing, with_starving, with_weak, with_onlooker;
static unsigned entries, slots; /* so many of them are used */

struct actor {
	struct hands hands;
	unsigned number, acts;
};
static struct actor actors[THREADS_MAX];

/* With the library's allocations failing here and there. */
static bool allocation_fails(void)
{
	return __atomic_load_n(&starving, __ATOMIC_RELAXED) && !graph_making && scheduler_one_in(4);
}

static struct managed *make(void)
{
	struct managed *object;

	if (graph_listed() >= crowd)
		return NULL;
	object = oracle_new((enum kind)pick(kind_weights, kind_total), 1 + scheduler_below(6));
	if (object && oracle_kind(object) == TRACED)
		oracle_rebuild(object);
	return object;
}

static size_t some_field(const struct managed *object)
{
	size_t room = oracle_room(object);

	return room ? scheduler_below((unsigned)room) : 0;
}

void walk(struct managed **where)
{
	unsigned steps = 1 + scheduler_below(5);
	struct managed *next;

	while (steps-- && (next = oracle_get(*where, some_field(*where))) != NULL)
		put(where, next);
}

/* The object refers to the other, and that to it. */
static void tie(struct managed *object, struct managed *other)
{
	oracle_set(object, some_field(object), other);
	oracle_set(other, some_field(other), object);
}

/* Field to field: nothing is counted at all. */
static void move_over(struct managed *from, struct managed *to, struct hands *hands)
{
	struct managed *value = oracle_steal(from, some_field(from));

	if (value && !oracle_set_take(to, some_field(to), value))
		put(place(hands), value);
}

static bool is_pointing(const struct managed *object)
{
	return oracle_kind(object) == (enum kind)POINTING || oracle_kind(object) == (enum kind)PLAIN_POINTING;
}

static void collect(void)
{
	long result = leash_collect((int)scheduler_below(3));

	if (result < 0 && !(with_starving && result == -ENOMEM))
		oracle_fail(NULL, "leash_collect says %ld", result);
}

static void freeze(void)
{
	int result;

	if (scheduler_one_in(2)) {
		leash_gc_unfreeze();
		return;
	}
	result = leash_gc_freeze();
	if (result != 0 && !(with_starving && result == -ENOMEM))
		oracle_fail(NULL, "leash_gc_freeze says %d", result);
}

/* Every entry, one after the other: what nobody holds is found and let go again, beside whatever the collector does. */
static void follow_all(void)
{
	unsigned i;

	for (i = 0; i < entries; i++) {
		struct managed *object = entry_follow(i);

		if (object)
			oracle_release(object);
	}
}

/* Through weak references and slots; that which does not need an object in hand.  False for other acts. */
static bool load(unsigned what, struct hands *hands)
{
	struct managed *object;

	switch (what) {
	case FOLLOW:
		if (scheduler_one_in(16)) {
			follow_all();
			return true;
		}
		object = entry_follow(scheduler_below(entries));
		if (object && scheduler_one_in(3))
			oracle_release(object);
		else if (object)
			put(place(hands), object);
		return true;
	case COPY:
		entry_copy(scheduler_below(entries), scheduler_below(entries));
		return true;
	case LOAD:
		put(place(hands), slot_load(scheduler_below(slots)));
		return true;
	case LOOK:
		slot_look(scheduler_below(slots));
		return true;
	default:
		return false;
	}
}

static void publish(unsigned what, struct managed **where, struct hands *hands)
{
	struct managed *object = *where;
	unsigned number = scheduler_below(slots);

	switch (what) {
	case POINT:
		entry_point(scheduler_below(entries), object, scheduler_one_in(3));
		break;
	case POINT_BACK:
		if (is_pointing(object) && *full_place(hands))
			oracle_point_back(object, *full_place(hands));
		break;
	case FOLLOW_BACK:
		if (is_pointing(object))
			put(place(hands), oracle_follow_back(object));
		else if (oracle_kind(object) == (enum kind)SLOTTED)
			slots_look_into(object);
		break;
	case SWAP:
		*where = slot_exchange(number, object);
		break;
	case REPLACE:
		slot_store(number, scheduler_one_in(4) ? NULL : object);
		break;
	default:
		slot_replace(number, scheduler_one_in(4) ? NULL : object);
	}
}

/* What is done with an object in hand. */
static void use(unsigned what, struct managed **where, struct hands *hands)
{
	struct managed *other;

	oracle_check(*where);
	switch (what) {
	case TIE:
	case MOVE_OVER:
		other = *full_place(hands);
		if (other && what == TIE)
			tie(*where, other);
		else if (other)
			move_over(*where, other, hands);
		break;
	case WALK:
		walk(where);
		break;
	case POINT:
	case POINT_BACK:
	case FOLLOW_BACK:
	case SWAP:
	case REPLACE:
	case COMPARE:
		publish(what, where, hands);
		break;
	default:
		act_with(what, where, hands);
	}
}

static void act(struct hands *hands)
{
	unsigned what = pick(weights, total);
	struct managed **where = full_place(hands);

	if (act_empty_handed(what, hands) || load(what, hands))
		return;
	switch (what) {
	case MAKE:
		put(place(hands), make());
		break;
	case COLLECT:
		collect();
		break;
	case FREEZE:
		freeze();
		break;
	default:
		if (*where)
			use(what, where, hands);
	}
}

static void *live(void *argument)
{
	struct actor *actor = argument;
	unsigned i;

	scheduler_enter(actor->number);
	for (i = 0; i < actor->acts; i++)
		act(&actor->hands);
	/* Some keep nothing over the rest. */
	for (i = 0; i < HELD && actor->number % 3 == 0; i++)
		put(&actor->hands.held[i], NULL);
	scheduler_leave();
	return NULL;
}

void *collect_on(void *argument)
{
	scheduler_enter(1000);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		collect();
		scheduler_nap(200);
	}
	scheduler_leave();
	return argument;
}

static void choose_weights(void)
{
	static const size_t crowds[] = { 6, 20, 60, 200, 600 };
	unsigned i;

	crowd = crowds[scheduler_below(5)];
	total = kind_total = 0;
	for (i = 0; i < ACTS; i++) {
		weights[i] = usual[i] * (scheduler_one_in(3) ? 1 + scheduler_below(8) : 2);
		if (with_weak && i >= POINT)
			weights[i] *= 8;
		total += weights[i];
	}
	weights[FREEZE] = with_freezing ? 2 : 0;
	weights[IMMORTALIZE] = scheduler_one_in(4) ? 2 : 0;
	total += weights[FREEZE] + weights[IMMORTALIZE];
	entries = 1 + scheduler_below(ENTRIES);
	slots = 1 + scheduler_below(SLOTS);
	for (i = 0; i < GRAPH_KINDS; i++) {
		kind_weights[i] = scheduler_below(4);
		kind_total += kind_weights[i];
	}
	kind_weights[SEEN_NODE] += 2;
	kind_total += 2;
	leash_gc_set_threshold((int)scheduler_below(100), 1 + (int)scheduler_below(4), 1 + (int)scheduler_below(4));
	if (scheduler_one_in(2))
		leash_gc_enable();
	else
		leash_gc_disable();
}

static void *onlooker(void *argument)
{
	scheduler_enter(4000);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		see_something();
		scheduler_nap(500);
	}
	scheduler_leave();
	return argument;
}

static void play_phase(unsigned phase, unsigned number)
{
	pthread_t threads[THREADS_MAX], collector = pthread_self(), eyes = pthread_self();
	bool collecting = scheduler_one_in(2);
	unsigned acts = scheduler_below(SLOW ? 1000 : 2500), i;

	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	if (collecting)
		collector = thread_start(collect_on, NULL);
	if (with_onlooker)
		eyes = thread_start(onlooker, NULL);
	for (i = 0; i < number; i++) {
		actors[i].number = phase * THREADS_MAX + i + 1;
		actors[i].acts = acts;
		actors[i].hands.places = HELD;
		threads[i] = thread_start(live, &actors[i]);
	}
	for (i = 0; i < number; i++)
		thread_end(threads[i]);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	if (collecting)
		thread_end(collector);
	if (with_onlooker)
		thread_end(eyes);
}

static void play_round(void)
{
	unsigned phases = 1 + scheduler_below(4), number = 1 + scheduler_below(THREADS_MAX);
	unsigned phase, i, k;

	choose_weights();
	for (phase = 0; phase < phases; phase++) {
		__atomic_store_n(&starving, with_starving, __ATOMIC_RELAXED);
		play_phase(phase, number);
		__atomic_store_n(&starving, false, __ATOMIC_RELAXED);
		leash_gc_disable();
		leash_gc_unfreeze();
		graph_settle();
		if (with_onlooker)
			see_at_rest();
		if (scheduler_one_in(2))
			leash_gc_enable();
	}
	leash_gc_disable();
	for (i = 0; i < THREADS_MAX; i++)
		for (k = 0; k < HELD; k++)
			put(&actors[i].hands.held[k], NULL);
}

void choose_part(void)
{
	static const uint32_t sizes[] = { 1, 2, 5, 30, 4096 };

	lsh_lock(&lsh_round_lock);
	lsh_round_part = sizes[scheduler_below(5)];
	lsh_unlock(&lsh_round_lock);
}

static void freezing_round(void)
{
	with_freezing = true;
	play_round();
}

static void parts_round(void)
{
	choose_part();
	play_round();
}

static void weak_round(void)
{
	with_weak = true;
	parts_round();
}

static void seen_round(void)
{
	with_onlooker = true;
	weak_round();
}

static void starving_round(void)
{
	with_starving = true;
	if (!lsh_allocation_hook)
		lsh_allocation_hook = allocation_fails;
	play_round();
}

int main(int argc, char **argv)
{
	static const struct configuration configurations[] = {
		{ "usual", NULL, play_round, 0, 2 },
		{ "resurrection", NULL, play_round, 3, 2 },
		{ "parts", NULL, parts_round, 3, 2 },
		{ "weak", NULL, weak_round, 0, 1 },
		{ "weak, resurrection", NULL, weak_round, 3, 1 },
		{ "rescuers", NULL, rescuing_round, 0, 2 },
		{ "leaves", NULL, leaves_round, 0, 1 },
		{ "hoppers", NULL, hopping_round, 0, 2 },
		{ "freezing", NULL, freezing_round, 0, 1 },
		{ "no memory", NULL, starving_round, 4, 1 },
		{ "no magazines", "magazines:false", play_round, 3, 1 },
		{ "no bias", "bias:false", play_round, 3, 1 },
		{ "seen", "track:true", seen_round, 3, 1 },
		{ "hardened", "harden:true", play_round, 3, 1 },
	};

	return stress_play(argc, argv, configurations, sizeof configurations / sizeof configurations[0]);
}
