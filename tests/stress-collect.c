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
#include <stdlib.h>

#include "collect/round.h"
#include "points.h"
#include "sanitized.h"
#include "scheduler.h"
#include "stress-graph.h"
#include "stress-play.h"
#include "threads.h"

#define THREADS_MAX 6
#define HELD 12

/* How often what is done, in this round. */
enum act {
	MAKE,
	DROP,
	DUPLICATE,
	HAMMER,
	TRADE,
	SEND,
	RECEIVE,
	PEEK,
	STORE,
	TIE,
	MOVE_IN,
	COPY_OUT,
	MOVE_OUT,
	MOVE_OVER,
	WALK,
	CLEAR,
	REBUILD,
	ASK,
	ADOPT,
	CLOSE,
	FLUSH,
	NAP,
	COLLECT,
	FREEZE,
	IMMORTALIZE,
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
static bool stop, starving, with_freezing, with_starving, with_weak, with_onlooker;
static unsigned entries, slots; /* so many of them are used */

struct actor {
	unsigned number, acts;
	struct managed *held[HELD];
};
static struct actor actors[THREADS_MAX];

static unsigned pick(const unsigned *of, unsigned sum)
{
	unsigned n = scheduler_below(sum), i = 0;

	while (n >= of[i])
		n -= of[i++];
	return i;
}

static struct managed **place(struct actor *actor)
{
	return &actor->held[scheduler_below(HELD)];
}

/* Some place with something in it, if there is one. */
static struct managed **full_place(struct actor *actor)
{
	unsigned i, first = scheduler_below(HELD);

	for (i = 0; i < HELD; i++)
		if (actor->held[(first + i) % HELD])
			break;
	return &actor->held[(first + i) % HELD];
}

/* Puts a reference into a place and gives up what was there. */
static void put(struct managed **where, struct managed *object)
{
	struct managed *old = *where;

	*where = object;
	if (old)
		oracle_release(old);
}

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

/* From the object in that place along random edges; then that place holds what was come to. */
static void walk(struct managed **where)
{
	unsigned steps = 1 + scheduler_below(5);
	struct managed *next;

	while (steps-- && (next = oracle_get(*where, some_field(*where))) != NULL)
		put(where, next);
}

static void fields(enum act act, struct managed **where, struct managed **other, struct actor *actor)
{
	struct managed *p = *where, *value;
	size_t field = some_field(p);

	switch (act) {
	case STORE:
		if (*other)
			oracle_set(p, field, *other);
		break;
	case TIE:
		if (*other) {
			oracle_set(p, field, *other);
			oracle_set(*other, some_field(*other), p);
		}
		break;
	case MOVE_IN:
		/* Also into itself, with the reference by which it is held. */
		if (*other && oracle_set_take(p, field, *other))
			*other = NULL;
		break;
	case COPY_OUT:
		put(place(actor), oracle_get(p, field));
		break;
	case MOVE_OUT:
		put(place(actor), oracle_steal(p, field));
		break;
	case MOVE_OVER:
		/* Field to field: nothing is counted at all. */
		value = *other ? oracle_steal(p, field) : NULL;
		if (value && !oracle_set_take(*other, some_field(*other), value))
			put(place(actor), value);
		break;
	default:
		oracle_clear(p, field);
	}
}

static void hammer(struct managed *object)
{
	unsigned i, times = scheduler_below(50);

	for (i = 0; i < times; i++) {
		oracle_retain(object);
		oracle_release(object);
	}
}

static bool is_leaf(const struct managed *object)
{
	enum kind kind = oracle_kind(object);

	return kind == PLAIN_LEAF || kind == SEEN_LEAF || kind == PROMPT_LEAF || kind == LARGE_LEAF;
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
static bool load(enum act what, struct actor *actor)
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
			put(place(actor), object);
		return true;
	case COPY:
		entry_copy(scheduler_below(entries), scheduler_below(entries));
		return true;
	case LOAD:
		put(place(actor), slot_load(scheduler_below(slots)));
		return true;
	case LOOK:
		slot_look(scheduler_below(slots));
		return true;
	default:
		return false;
	}
}

static void publish(enum act what, struct managed **where, struct actor *actor)
{
	struct managed *object = *where;
	unsigned number = scheduler_below(slots);

	switch (what) {
	case POINT:
		entry_point(scheduler_below(entries), object, scheduler_one_in(3));
		break;
	case POINT_BACK:
		if (is_pointing(object) && *full_place(actor))
			oracle_point_back(object, *full_place(actor));
		break;
	case FOLLOW_BACK:
		if (is_pointing(object))
			put(place(actor), oracle_follow_back(object));
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

static void act(struct actor *actor)
{
	enum act what = pick(weights, total);
	unsigned number = scheduler_below(MAILBOXES);
	struct managed **where = full_place(actor), *object = *where;

	if (load(what, actor))
		return;
	switch (what) {
	case MAKE:
		put(place(actor), make());
		return;
	case RECEIVE:
		object = mailbox_exchange(number, NULL);
		if (object && scheduler_one_in(2))
			oracle_adopt(object);
		put(place(actor), object);
		return;
	case PEEK:
		put(place(actor), mailbox_peek(number));
		return;
	case FLUSH:
		leash_flush();
		return;
	case NAP:
		scheduler_nap(1000);
		return;
	case COLLECT:
		collect();
		return;
	case FREEZE:
		freeze();
		return;
	default:
		break;
	}
	if (!object)
		return;
	oracle_check(object);
	switch (what) {
	case DROP:
		put(where, NULL);
		break;
	case DUPLICATE:
		put(place(actor), oracle_retain(object));
		break;
	case HAMMER:
		hammer(object);
		break;
	case TRADE:
		if (scheduler_one_in(4))
			oracle_handoff(object);
		*where = mailbox_exchange(number, object);
		break;
	case SEND:
		oracle_handoff(object);
		*where = NULL;
		put(where, mailbox_exchange(number, object));
		break;
	case WALK:
		walk(where);
		break;
	case REBUILD:
		if (oracle_kind(object) == TRACED)
			oracle_rebuild(object);
		break;
	case ASK:
		oracle_ask(object);
		break;
	case ADOPT:
		oracle_adopt(object);
		break;
	case CLOSE:
		oracle_close(object);
		break;
	case IMMORTALIZE:
		if (is_leaf(object)) {
			*where = NULL;
			oracle_immortalize(object);
		}
		break;
	case POINT:
	case POINT_BACK:
	case FOLLOW_BACK:
	case SWAP:
	case REPLACE:
	case COMPARE:
		publish(what, where, actor);
		break;
	default:
		fields(what, where, full_place(actor), actor);
	}
}

static void *live(void *argument)
{
	struct actor *actor = argument;
	unsigned i;

	scheduler_enter(actor->number);
	for (i = 0; i < actor->acts; i++)
		act(actor);
	/* Some keep nothing over the rest. */
	for (i = 0; i < HELD && actor->number % 3 == 0; i++)
		put(&actor->held[i], NULL);
	scheduler_leave();
	return NULL;
}

/* Rounds back to back. */
static void *collect_on(void *argument)
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
			put(&actors[i].held[k], NULL);
}

/* Pairs of which a thread always holds one or the other, by counting or by nothing but moves, so that whoever reads
 * them one after the other may see no reference from outside, twice. */
static void hop(unsigned hops, bool counting)
{
	struct managed *held = oracle_new(SEEN_NODE, 0), *next = held ? oracle_new(SEEN_NODE, 0) : NULL;

	if (next && counting) {
		oracle_set(held, 0, next);
		oracle_set(next, 0, held);
		oracle_release(next);
	} else if (next) {
		oracle_set_take(held, 0, next);
	}
	while (next && hops--) {
		next = counting ? oracle_get(held, 0) : oracle_steal(held, 0);
		if (counting)
			oracle_release(held);
		else
			oracle_set_take(next, 0, held);
		held = next;
	}
	if (held)
		oracle_release(held);
}

static void *hopper(void *argument)
{
	scheduler_enter(2000 + (unsigned)(uintptr_t)argument);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		hop(20 + scheduler_below(4000), scheduler_one_in(2));
	scheduler_leave();
	return NULL;
}

static void hopping_round(void)
{
	pthread_t hoppers[3], collector;
	uintptr_t number = 1 + scheduler_below(3), i;

	leash_gc_disable();
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	collector = thread_start(collect_on, NULL);
	for (i = 0; i < number; i++)
		hoppers[i] = thread_start(hopper, (void *)i);
	scheduler_nap(100000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < number; i++)
		thread_end(hoppers[i]);
	thread_end(collector);
}

/* Suspects are looked at a few at a time, so that garbage of one part is held by that of another. */
static void choose_part(void)
{
	static const uint32_t sizes[] = { 1, 2, 5, 30, 4096 };

	lsh_lock(&lsh_round_lock);
	lsh_round_part = sizes[scheduler_below(5)];
	lsh_unlock(&lsh_round_lock);
}

/* A ring that refers to what a weak reference leads to, if there is something, and is let go with weak references to some
 * of it. */
static void build(void)
{
	static const unsigned kinds[] = { PLAIN_NODE, SEEN_NODE, SLOTTED, POINTING, PLAIN_POINTING, FINALIZED };
	enum kind kind = (enum kind)kinds[scheduler_below(6)];
	struct managed *first = oracle_new(kind, 0), *last = first, *next, *below;
	unsigned length = 1 + scheduler_below(4);

	if (!first)
		return;
	below = scheduler_one_in(2) ? entry_follow(scheduler_below(entries)) : NULL;
	if (below) {
		oracle_set(first, 1, below);
		oracle_release(below);
	}
	oracle_retain(last);
	while (--length && (next = oracle_new(kind, 0)) != NULL) {
		oracle_set(last, 0, next);
		oracle_release(last);
		last = next;
		if (scheduler_one_in(2))
			entry_point(scheduler_below(entries), last, scheduler_one_in(4));
	}
	oracle_set(last, 0, first);
	entry_point(scheduler_below(entries), scheduler_one_in(2) ? first : last, scheduler_one_in(4));
	oracle_release(last);
	if (slots)
		slot_store(scheduler_below(slots), first);
	oracle_release(first);
}

static void *builder(void *argument)
{
	scheduler_enter(3000);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (graph_listed() < crowd)
			build();
		scheduler_nap(300);
	}
	scheduler_leave();
	return argument;
}

/* Brings back what a weak reference leads to, and all that hangs on it, for a moment. */
static void *rescuer(void *argument)
{
	struct managed *held = NULL;

	scheduler_enter(3001 + (unsigned)(uintptr_t)argument);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		put(&held, entry_follow(scheduler_below(entries)));
		if (held && scheduler_one_in(2))
			walk(&held);
		if (held && scheduler_one_in(4))
			oracle_set(held, scheduler_below(3), held);
		if (scheduler_one_in(2))
			put(&held, NULL);
		if (scheduler_one_in(16))
			scheduler_nap(100);
	}
	put(&held, NULL);
	scheduler_leave();
	return NULL;
}

/* Looks at what is in a slot, and takes it away. */
static void *looker(void *argument)
{
	scheduler_enter(3100);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && slots)
		slot_look(scheduler_below(slots));
	scheduler_leave();
	return argument;
}

/* Hardly anything is held but by weak references, or for a while by a slot, while rounds are made back to back. */
static void rescuing_round(void)
{
	pthread_t threads[5], collector;
	uintptr_t number = 2 + scheduler_below(3), i;

	leash_gc_disable();
	crowd = 100;
	entries = 1 + scheduler_below(12);
	slots = scheduler_one_in(3) ? 1 + scheduler_below(2) : 0;
	choose_part();
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	collector = thread_start(collect_on, NULL);
	threads[0] = thread_start(builder, NULL);
	threads[1] = thread_start(looker, NULL);
	for (i = 2; i <= number; i++)
		threads[i] = thread_start(rescuer, (void *)i);
	scheduler_nap(200000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i <= number; i++)
		thread_end(threads[i]);
	thread_end(collector);
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
