/* Randomised stress of references that move: lists built by one thread and dropped by others, while third ones steal
 * links out of the middle and adopt what they stole, and the builders have ended, or are blocked for ever.
 *
 * It is what revocation and its looking ahead are made for.  The last part of a round asks for progress as well as for
 * safety: everything has to die while the builders are still blocked and call nothing.
 */
#include <leash/leash.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "header.h"
#include "points.h"
#include "sanitized.h"
#include "scheduler.h"
#include "stress-oracle.h"
#include "stress-play.h"
#include "threads.h"
#include "wait.h"

#define BUILDERS 6
#define TAKERS   4
#define SPARES   8

static struct baton gate = BATON; /* its number is that of the rounds that are over */
static int rounds;
static bool stop;
static unsigned longest, kinds;
static unsigned blocked;

static enum kind kind_of_link(void)
{
	static const enum kind choices[][4] = {
		{ PLAIN_NODE, PLAIN_NODE, PLAIN_NODE, PLAIN_NODE },
		{ SEEN_NODE, SEEN_NODE, PLAIN_NODE, SEEN_TAIL },
		{ PLAIN_NODE, SEEN_NODE, FINALIZED, PLAIN_TAIL },
		{ SEEN_NODE, TRACED, PROMPT_NODE, FINALIZED },
		{ TRACED, PLAIN_NODE, TRACED, SEEN_NODE },
	};

	return choices[kinds][scheduler_below(4)];
}

/* The link in front of `rest`, which it takes over. */
static struct managed *cons(struct managed *rest)
{
	struct managed *link = oracle_new(kind_of_link(), 1 + scheduler_below(3));

	if (!link)
		return rest;
	if (oracle_kind(link) == TRACED)
		while (oracle_room(link) == 0)
			oracle_rebuild(link);
	if (rest && !oracle_set_take(link, 0, rest))
		oracle_release(rest);
	return link;
}

/* Finds the next link: the first field, mostly. */
static size_t next_field(const struct managed *link)
{
	size_t room = oracle_room(link);

	return room && scheduler_one_in(8) ? scheduler_below((unsigned)room) : 0;
}

static struct managed *build(unsigned length)
{
	struct managed *spares[SPARES] = { NULL }, *list = NULL, *leaf;
	unsigned i;

	for (i = 0; i < length; i++) {
		list = cons(list);
		if (list && scheduler_one_in(16)) {
			struct managed **spare = &spares[scheduler_below(SPARES)];

			if (*spare)
				oracle_release(*spare);
			*spare = oracle_retain(list);
		}
		if (list && oracle_room(list) > 1 && scheduler_one_in(4) &&
		    (leaf = oracle_new(scheduler_one_in(2) ? PLAIN_LEAF : SEEN_LEAF, 0)) != NULL) {
			/* A leaf must be older than what holds it. */
			list = cons(list);
			if (oracle_room(list) < 2 || !oracle_set_take(list, 1, leaf))
				oracle_release(leaf);
		}
	}
	/* References to the middle of the list: some go to thieves, some end here. */
	for (i = 0; i < SPARES; i++) {
		leaf = spares[i];
		if (leaf && scheduler_one_in(3))
			leaf = mailbox_exchange(scheduler_below(MAILBOXES), leaf);
		if (leaf)
			oracle_release(leaf);
	}
	return list;
}

static void give(struct managed *object)
{
	if (object && scheduler_one_in(8))
		oracle_handoff(object);
	if (object)
		object = mailbox_exchange(scheduler_below(MAILBOXES), object);
	if (object)
		oracle_release(object);
}

static void *builder(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument, lists;
	int over = rounds + 1;

	scheduler_enter(1 + number);
	for (lists = 1 + scheduler_below(4); lists; lists--) {
		give(build(1 + scheduler_below(longest)));
		if (__atomic_load_n(&stop, __ATOMIC_RELAXED))
			break;
	}
	if (number % 3 == 0) {
		__atomic_fetch_add(&blocked, 1, __ATOMIC_RELEASE);
		baton_await(&gate, over);
	}
	scheduler_leave();
	return NULL;
}

/* Walks down a list from the link, whose reference it takes over, and does something there. */
static void rob(struct managed *link)
{
	unsigned steps = scheduler_below(6);
	struct managed *next;

	while (steps-- && (next = oracle_get(link, next_field(link))) != NULL) {
		oracle_release(link);
		link = next;
	}
	switch (scheduler_below(6)) {
	case 0:
		oracle_clear(link, next_field(link));
		break;
	case 1:
		next = mailbox_peek(scheduler_below(MAILBOXES));
		if (next && !oracle_set_take(link, next_field(link), next))
			oracle_release(next);
		break;
	case 2:
		if (oracle_kind(link) == TRACED)
			oracle_rebuild(link);
		break;
	default:
		next = oracle_steal(link, next_field(link));
		if (!next)
			break;
		if (scheduler_one_in(2))
			oracle_adopt(next);
		oracle_ask(next);
		if (scheduler_one_in(3)) {
			give(next);
		} else if (scheduler_one_in(2)) {
			/* Used for a while by its new owner, if it could be one. */
			oracle_release(oracle_retain(next));
			next = cons(next);
			give(next);
		} else {
			oracle_release(next);
		}
	}
	if (scheduler_one_in(4))
		give(link);
	else
		oracle_release(link);
}

static void *taker(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument, i;

	scheduler_enter(100 + number);
	for (i = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++) {
		unsigned box = scheduler_below(MAILBOXES);
		struct managed *object = NULL;

		switch (scheduler_below(8)) {
		case 0:
			object = mailbox_exchange(box, NULL);
			if (object)
				oracle_release(object);
			break;
		case 1:
			object = mailbox_exchange(box, NULL);
			if (object) {
				oracle_adopt(object);
				rob(object);
			}
			break;
		case 2:
			scheduler_nap(300);
			break;
		case 3:
			if (scheduler_one_in(8))
				leash_flush();
			break;
		default:
			object = mailbox_peek(box);
			if (object)
				rob(object);
		}
	}
	scheduler_leave();
	return NULL;
}

static void play_round(void)
{
	pthread_t builders[BUILDERS], takers[TAKERS];
	unsigned number = 2 + scheduler_below(TAKERS - 1), waiting = 0;
	unsigned i;

	static const unsigned lengths[] = { 2, 10, 100, 600, 3000 };
	longest = lengths[scheduler_below(SLOW ? 4 : 5)];
	kinds = scheduler_below(5);
	blocked = 0;
	for (i = 0; i < number; i++)
		takers[i] = thread_start(taker, (void *)(uintptr_t)i);
	for (i = 0; i < BUILDERS; i++) {
		builders[i] = thread_start(builder, (void *)(uintptr_t)i);
		waiting += i % 3 == 0;
	}
	for (i = 0; i < BUILDERS; i++)
		if (i % 3)
			thread_end(builders[i]);
	if (!WAIT_FOR(__atomic_load_n(&blocked, __ATOMIC_ACQUIRE) == waiting))
		oracle_fail(NULL, "builders do not come to their end");
	scheduler_nap(100000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < number; i++)
		thread_end(takers[i]);
	stop = false;

	/* Nobody but blocked threads owns anything now, and they do nothing for it. */
	if (!WAIT_FOR(({ mailbox_empty_all(); oracle_alive() == 0; })))
		oracle_fail(NULL, "%ld objects stay alive while their owner is blocked", oracle_alive());
	baton_pass(&gate, ++rounds);
	for (i = 0; i < BUILDERS; i += 3)
		thread_end(builders[i]);
}

/* Gives a reference away, for somebody to drop. */
static void hand_out(struct managed *object)
{
	struct managed *other = mailbox_exchange(scheduler_below(2), oracle_retain(object));

	if (other)
		oracle_release(other);
}

/* Lets the object be found by looking ahead, in a field of another one that somebody drops; takes it out of there again
 * while it is pending.  (Looking ahead leaves alone what seems to have other references, but may guess
 * wrong, and does so on purpose here.) */
static void lay_open(struct managed *mine)
{
	static const enum kind choices[] = { PLAIN_NODE, SEEN_NODE, PROMPT_NODE, PROMPT_NODE };
	struct managed *holder = oracle_new(choices[scheduler_below(4)], 0), *again;
	unsigned i;

	if (!holder)
		return;
	oracle_set(holder, 0, mine);
	hand_out(holder);
#ifdef LSH_GUESS
	for (i = 0; i < 1000 && !(shared_word(mine) & LEASH__PENDING); i++)
		sched_yield();
#else
	scheduler_nap(1500);
#endif
	if (scheduler_one_in(2))
		oracle_handoff(mine);
	again = oracle_steal(holder, 0);
	if (again)
		oracle_release(again);
	oracle_release(holder);
	/* As soon as it can be had again. */
	for (i = scheduler_one_in(2) ? 300 : 0; i && !oracle_adopt(mine); i--)
		sched_yield();
}

/* Threads that go on using what they own while others give references to it back, so that it is revoked under
 * their hands. */
static void *owner(void *argument)
{
	static const enum kind choices[] = { PLAIN_LEAF,  SEEN_LEAF,   PROMPT_LEAF, PLAIN_NODE,
					     SEEN_NODE,   PROMPT_NODE, FINALIZED,   CLOSING };
	unsigned turns, i;

	scheduler_enter(200 + (unsigned)(uintptr_t)argument);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct managed *mine = oracle_new(choices[scheduler_below(8)], 0), *other;

		if (!mine)
			break;
		for (turns = scheduler_one_in(2) ? 1 : scheduler_below(12); turns; turns--) {
			for (i = scheduler_one_in(2) ? scheduler_below(4) : 0; i; i--)
				hand_out(mine);
			if (scheduler_one_in(3))
				lay_open(mine);
			if (turns == 1 && scheduler_one_in(2))
				break;
			if (scheduler_one_in(3))
				oracle_handoff(mine);
			for (i = scheduler_below(4); i; i--)
				oracle_adopt(mine);
			for (i = scheduler_below(200); i; i--)
				oracle_release(oracle_retain(mine));
			oracle_ask(mine);
			other = mailbox_peek(scheduler_below(8));
			if (other)
				rob(other);
			if (scheduler_one_in(3))
				scheduler_nap(500);
		}
		oracle_release(mine);
	}
	scheduler_leave();
	return NULL;
}

static void *dropper(void *argument)
{
	scheduler_enter(300);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		struct managed *object = mailbox_exchange(scheduler_below(2), NULL);

		if (object)
			oracle_release(object);
		scheduler_nap(100);
	}
	scheduler_leave();
	return argument;
}

static void owners_round(void)
{
	pthread_t owners[BUILDERS], drops;
	unsigned number = 1 + scheduler_below(BUILDERS), i;

	drops = thread_start(dropper, NULL);
	for (i = 0; i < number; i++)
		owners[i] = thread_start(owner, (void *)(uintptr_t)i);
	scheduler_nap(300000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < number; i++)
		thread_end(owners[i]);
	thread_end(drops);
	stop = false;
}

int main(int argc, char **argv)
{
	static const struct configuration configurations[] = {
		{ "lists", NULL, play_round, 0, 1 },
		{ "resurrection", NULL, play_round, 2, 1 },
		{ "owners", NULL, owners_round, 2, 2 },
		{ "lists without magazines", "magazines:false", play_round, 3, 1 },
		{ "lists without bias", "bias:false", play_round, 3, 1 },
	};

	return stress_play(argc, argv, configurations, sizeof configurations / sizeof configurations[0]);
}
