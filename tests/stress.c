/* Randomised stress: threads that come and go share objects through mailboxes and fields, and do with them whatever the
 * library offers, in random order; the oracle knows every reference.
 *
 * Rounds are short and differ by their seed: in the number of threads, in what they do often, in which kinds of objects they
 * make.
 */
#include <leash/leash.h>
#include <pthread.h>
#include <stdlib.h>

#include "sanitized.h"
#include "scheduler.h"
#include "stress-acts.h"
#include "stress-play.h"
#include "threads.h"

#define THREADS_MAX 8

/* How often what is done, in this round. */
enum { SHUT_DOWN = COMMON_ACTS, ACTS };
static unsigned usual[ACTS] = {
	[MAKE] = 30, [DROP] = 30, [DUPLICATE] = 20, [HAMMER] = 10, [TRADE] = 30, [SEND] = 10, [RECEIVE] = 10,
	[PEEK] = 30, [STORE] = 20, [MOVE_IN] = 25, [COPY_OUT] = 20, [MOVE_OUT] = 20, [CLEAR] = 5, [REBUILD] = 5,
	[ASK] = 20, [ADOPT] = 20, [CLOSE] = 5, [FLUSH] = 2, [NAP] = 2,
};
static unsigned weights[ACTS], total, kind_weights[KINDS], kind_total;
static bool stop;
static bool with_immortals, with_shutdown;

struct actor {
	struct hands hands;
	unsigned number;
	unsigned farewells;
};

static void shut_down(void)
{
	long left = leash_shutdown();

	if (left < 0)
		oracle_fail(NULL, "leash_shutdown() beside other threads says %ld", left);
}

static void act(struct hands *hands)
{
	unsigned what = pick(weights, total);
	struct managed **where = full_place(hands);

	if (what == MAKE) {
		put(place(hands), oracle_new(pick(kind_weights, kind_total), scheduler_below(6)));
	} else if (what == SHUT_DOWN) {
		shut_down();
	} else if (!act_empty_handed(what, hands) && *where) {
		oracle_check(*where);
		act_with(what, where, hands);
	}
}

/* Some threads leave their last references to destructors that run after the library's own, for several
 * rounds.  ThreadSanitizer cannot bear that liburcu's destructor, which hardened mode calls for, runs in the last
 * round, after its own. */
#define FAREWELLS (THREAD_SANITIZED ? 2 : 3)
static pthread_key_t late_key;

static void late(void *argument)
{
	struct actor *actor = argument;
	bool last = ++actor->farewells == FAREWELLS;
	unsigned i;

	for (i = 0; i < actor->hands.places; i++)
		if (last || scheduler_one_in(4))
			put(&actor->hands.held[i], NULL);
	if (last)
		free(actor);
	else
		pthread_setspecific(late_key, actor);
}

static void *live(void *argument)
{
	struct actor *actor = argument;
	struct hands *hands = &actor->hands;
	unsigned i, acts;

	scheduler_enter(actor->number);
	acts = scheduler_one_in(3) ? scheduler_below(50) : scheduler_below(4000);
	for (i = 0; i < acts && !__atomic_load_n(&stop, __ATOMIC_RELAXED); i++)
		act(hands);
	if (scheduler_one_in(4)) {
		pthread_setspecific(late_key, actor);
	} else {
		for (i = 0; i < hands->places; i++)
			if (scheduler_one_in(2))
				hands->held[i] = mailbox_exchange(scheduler_below(MAILBOXES), hands->held[i]);
		for (i = 0; i < hands->places; i++)
			put(&hands->held[i], NULL);
		free(actor);
	}
	scheduler_leave();
	return NULL;
}

static void choose_weights(void)
{
	unsigned i;

	total = kind_total = 0;
	for (i = 0; i < ACTS; i++) {
		weights[i] = usual[i] * (scheduler_one_in(4) ? 1 + scheduler_below(8) : 2);
		total += weights[i];
	}
	weights[IMMORTALIZE] = with_immortals ? scheduler_below(8) : 0;
	weights[SHUT_DOWN] = with_shutdown;
	total += weights[IMMORTALIZE] + weights[SHUT_DOWN];
	for (i = 0; i < KINDS; i++) {
		kind_weights[i] = scheduler_below(4);
		kind_total += kind_weights[i];
	}
	kind_weights[SEEN_NODE]++;
	kind_total++;
}

static void play_round(void)
{
	pthread_t threads[THREADS_MAX];
	unsigned number = 2 + scheduler_below(THREADS_MAX - 1);
	unsigned lives = 8 + scheduler_below(SLOW ? 12 : 24);
	unsigned i;

	choose_weights();
	for (i = 0; i < lives; i++) {
		struct actor *actor = calloc(1, sizeof(*actor));

		actor->number = 1 + i;
		actor->hands.places = PLACES_MOST;
		if (i >= number)
			thread_end(threads[i % number]);
		threads[i % number] = thread_start(live, actor);
	}
	scheduler_nap(50000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < number; i++)
		thread_end(threads[i]);
	stop = false;
}

/* Threads that end right after they have deferred something, while the background thread is about to take over what
 * they deferred a while ago. */
static void *pass_by(void *argument)
{
	struct managed *object;
	unsigned i, times;

	scheduler_enter((unsigned)(uintptr_t)argument);
	for (i = 0; i < 4; i++)
		if ((object = mailbox_peek(scheduler_below(MAILBOXES))) != NULL)
			oracle_release(object);
	scheduler_nap(3000);
	times = scheduler_below(200);
	for (i = 0; i < times; i++) {
		object = i % 16 ? mailbox_peek(3) : oracle_new(SEEN_LEAF, 0);
		if (i % 16 == 0)
			object = mailbox_exchange(scheduler_below(MAILBOXES), object);
		if (object)
			oracle_release(object);
	}
	if (scheduler_one_in(3))
		leash_flush();
	scheduler_leave();
	return NULL;
}

static void churn_round(void)
{
	pthread_t threads[THREADS_MAX];
	unsigned lives = SLOW ? 60 : 150, i;

	for (i = 0; i < MAILBOXES; i++)
		mailbox_exchange(i, oracle_new(SEEN_LEAF, 0));
	for (i = 0; i < lives; i++) {
		if (i >= THREADS_MAX)
			thread_end(threads[i % THREADS_MAX]);
		threads[i % THREADS_MAX] = thread_start(pass_by, (void *)(uintptr_t)(1 + i));
	}
	for (i = 0; i < THREADS_MAX; i++)
		thread_end(threads[i]);
}

static void immortal_round(void)
{
	with_immortals = true;
	play_round();
}

static void shutdown_round(void)
{
	with_shutdown = true;
	play_round();
}

int main(int argc, char **argv)
{
	static const struct configuration configurations[] = {
		{ "usual", NULL, play_round, 4, 1 },
		{ "immortals", NULL, immortal_round, 0, 1 },
		{ "shutdown", NULL, shutdown_round, 2, 1 },
		{ "churn", NULL, churn_round, 0, 1 },
		{ "no magazines", "magazines:false", play_round, 2, 1 },
		{ "no bias", "bias:false", immortal_round, 4, 1 },
		{ "hardened", "harden:true", immortal_round, 4, 1 },
	};

	pthread_key_create(&late_key, late);
	return stress_play(argc, argv, configurations, sizeof configurations / sizeof configurations[0]);
}
