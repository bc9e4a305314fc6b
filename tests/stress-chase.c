/* Rounds in which every thread does one thing only, while the collector makes round after round: they come to a few
 * encounters more often than threads that do everything. */
#include <leash/leash.h>
#include <pthread.h>

#include "scheduler.h"
#include "stress-acts.h"
#include "stress-collect.h"
#include "stress-graph.h"
#include "threads.h"

static unsigned entries, slots; /* so many of them are used */

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

void hopping_round(void)
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
		if (graph_listed() < 100)
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

/* Puts leaves into slots until the round has had enough of them: their memory comes back to this thread, in time. */
static void *putter(void *argument)
{
	struct managed *leaf;

	scheduler_enter(3200 + (unsigned)(uintptr_t)argument);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && (leaf = oracle_new(PLAIN_LEAF, 0)) != NULL) {
		if (scheduler_one_in(4))
			slot_store(scheduler_below(slots), leaf);
		else
			leaf = slot_exchange(scheduler_below(slots), leaf);
		if (leaf)
			oracle_release(leaf);
		if (scheduler_one_in(3000))
			leash_flush();
	}
	scheduler_leave();
	return NULL;
}

void leaves_round(void)
{
	pthread_t putters[3], lookers[2];
	uintptr_t number = 1 + scheduler_below(3), i;

	slots = 1 + scheduler_below(SLOTS);
	__atomic_store_n(&stop, false, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		lookers[i] = thread_start(looker, NULL);
	for (i = 0; i < number; i++)
		putters[i] = thread_start(putter, (void *)i);
	scheduler_nap(200000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < number; i++)
		thread_end(putters[i]);
	for (i = 0; i < 2; i++)
		thread_end(lookers[i]);
}

/* Hardly anything is held but by weak references, or for a while by a slot, while rounds are made back to back. */
void rescuing_round(void)
{
	pthread_t threads[5], collector;
	uintptr_t number = 2 + scheduler_below(3), i;

	leash_gc_disable();
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
