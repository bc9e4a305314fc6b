/* The finalizer thread: hooks of deferred deaths, and retired buffers.
 *
 * Purpose.  A death that a flush, an eviction, a take-over or a fold finds belongs to no call of the
 * program.  Its close, finalize and destroy may block, or want a lock that the thread which happens to be here
 * holds.  They run on this thread, one object after the other, in the order of the deaths; one that blocks
 * holds up the other hooks and nothing else.
 *
 * The queue is linked through the dead objects' headers, so adding to it cannot fail.  Its length is
 * bounded softly: leash_flush() runs some of it when there is too much, and births wait a bounded time when
 * there is far too much.
 *
 * Retired buffers, and the dead that readers may still look at, wait here for an op-grace and a grace period of liburcu,
 * whose read sections surround the walk over fields and traces (revoke.c), all that come within a millisecond together.
 * Then buffers are freed by their functions, and the dead are buried as all others are.
 *
 * What the thread is burying, or has in hand while it waits, is kept in static memory, where the child of a fork finds it.
 */
#include <errno.h>
#include <stdlib.h>
#include <urcu-bp.h>

#include <leash/object.h>

#include "collect/collector.h"
#include "count.h"
#include "death.h"
#include "finalizers.h"
#include "for_readers.h"
#include "groups.h"
#include "heap.h"
#include "points.h"
#include "probes.h"
#include "readers.h"
#include "revoke.h"
#include "shown.h"
#include "thread.h"
#include "track.h"
#include "worker.h"

#define BACKLOG_HELP  4096
#define BACKLOG_LIMIT 65536
#define PATIENCE      20000000L /* without any progress, before a waiting thread helps */
#define TICK          1000000L  /* that what readers may look at waits for more of its kind */
#define ENOUGH        1024      /* of it, not to wait */

static void body(void);
static struct lsh_worker worker = LSH_WORKER_INIT("leash-final", body);

/* Under the worker's lock. */
static struct leash__header *first, *last;
static struct lsh_for_readers for_readers;
static struct lsh_group *groups, **groups_end = &groups;
static size_t group_count; /* queued and in work */
static size_t ended;   /* items, ever */
static size_t backlog; /* what is in both lists, and what is in work; read without the lock too */
static size_t retiring; /* of these, buffers and leaves */
static bool gathering;  /* the thread waits for more */
static unsigned hurried; /* threads that wait for it */

static struct lsh_grave own_grave; /* the thread's */
static struct lsh_group *own_group;
static struct lsh_for_readers in_hand; /* what it waits for readers with */

static struct lsh_grave left_over;  /* in the child, by the parent's thread */
static struct lsh_group *left_group;

static void set_backlog(size_t number)
{
	__atomic_store_n(&backlog, number, __ATOMIC_RELAXED);
}

static bool has_enough(void)
{
	return first || groups || backlog >= ENOUGH || hurried || worker.stopping;
}

static void wake(void)
{
	if (__atomic_load_n(&worker.asleep, __ATOMIC_RELAXED) || (gathering && has_enough()))
		lsh_worker_wake_locked(&worker);
}

static void add_to_backlog(void)
{
	set_backlog(backlog + 1);
	wake();
}

static void hurry(void)
{
	hurried++;
	if (gathering)
		lsh_worker_wake_locked(&worker);
}

static void append(struct leash__header *h)
{
	lsh_set_link(h, NULL);
	if (first)
		lsh_set_link(last, h);
	else
		first = h;
	last = h;
}

void lsh_finalizers_push(struct leash__header *h)
{
	lsh_lock(&worker.lock);
	append(h);
	add_to_backlog();
	lsh_unlock(&worker.lock);
}

void lsh_finalizers_push_published(struct leash__header *h)
{
	lsh_lock(&worker.lock);
	lsh_for_readers_add_published(&for_readers, h);
	add_to_backlog();
	lsh_unlock(&worker.lock);
}

void lsh_finalizers_push_leaves(struct lsh_leaves *leaves)
{
	size_t number = lsh_leaves_count(leaves);

	lsh_lock(&worker.lock);
	lsh_for_readers_add_leaves(&for_readers, leaves);
	__atomic_fetch_add(&retiring, number, __ATOMIC_RELAXED);
	set_backlog(backlog + number);
	wake();
	lsh_unlock(&worker.lock);
}

void lsh_finalizers_await_readers(void)
{
	lsh_lock(&worker.lock);
	for_readers.asked = true;
	wake();
	lsh_unlock(&worker.lock);
}

/* Moves the first in the queue to a grave. */
static bool pop(struct lsh_grave *grave)
{
	struct leash__header *h;

	lsh_lock(&worker.lock);
	h = first;
	if (h) {
		first = lsh_link(h);
		lsh_set_link(h, NULL);
		grave->waiting[1] = h;
	}
	lsh_unlock(&worker.lock);
	return h != NULL;
}

static void done(size_t number)
{
	lsh_lock(&worker.lock);
	set_backlog(backlog - number);
	ended += number;
	lsh_worker_progress_locked(&worker);
	lsh_unlock(&worker.lock);
}

static size_t chain_length(const struct leash__header *h)
{
	size_t number = 0;

	for (; h; h = lsh_link(h))
		number++;
	return number;
}

/* After the wait they are as other dead are.  Returns how many go no further. */
static size_t queue_published(bool over)
{
	struct leash__header *h, *next;
	size_t left;

	lsh_lock(&worker.lock);
	for (h = in_hand.published; h && over; h = next) {
		next = lsh_link(h);
		append(h);
	}
	left = chain_length(h);
	in_hand.published = NULL;
	lsh_unlock(&worker.lock);
	return left;
}

static void wait_for_readers(void)
{
	bool over;
	size_t number;

	LSH_POINT("finalizers: about to wait");
	over = lsh_await_readers();
	LSH_POINT("finalizers: have waited");
	done(queue_published(over));
	number = lsh_for_readers_free_buffers(&in_hand, over) + lsh_for_readers_free_leaves(&in_hand, over);
	__atomic_fetch_sub(&retiring, number, __ATOMIC_RELAXED);
	done(number);
}

void lsh_finalizers_push_group(struct lsh_group *group)
{
	lsh_lock(&worker.lock);
	*groups_end = group;
	groups_end = &group->next;
	__atomic_store_n(&group_count, group_count + 1, __ATOMIC_RELAXED);
	add_to_backlog();
	lsh_unlock(&worker.lock);
}

static struct lsh_group *pop_group(void)
{
	struct lsh_group *group;

	lsh_lock(&worker.lock);
	group = groups;
	if (group) {
		groups = group->next;
		if (!groups)
			groups_end = &groups;
	}
	lsh_unlock(&worker.lock);
	return group;
}

static void end_group(struct lsh_group *group)
{
	free(group);
	lsh_lock(&worker.lock);
	__atomic_store_n(&group_count, group_count - 1, __ATOMIC_RELAXED);
	lsh_unlock(&worker.lock);
	done(1);
	lsh_collector_poke();
}

size_t lsh_finalizers_groups(void)
{
	return __atomic_load_n(&group_count, __ATOMIC_RELAXED);
}

/* Runs one item of the queues on this thread. */
static bool run_one(void)
{
	struct lsh_group *group = pop_group();
	struct lsh_grave grave = { .current = NULL };

	if (group) {
		lsh_group_run(group);
		end_group(group);
	} else if (pop(&grave)) {
		lsh_bury_in(&grave);
		done(1);
	} else {
		return false;
	}
	return true;
}

void lsh_finalizers_finish(bool only_groups, long idle, const struct timespec *deadline)
{
	const size_t *rest = only_groups ? &group_count : &backlog;
	struct timespec enough = lsh_from_now(idle);

	while (__atomic_load_n(rest, __ATOMIC_RELAXED) && !lsh_is_past(&enough) && !lsh_is_past(deadline)) {
		struct timespec patience = lsh_from_now(PATIENCE);
		size_t before;

		lsh_lock(&worker.lock);
		before = ended;
		hurry();
		while (*rest && ended == before && lsh_worker_wait_locked(&worker, &patience))
			;
		hurried--;
		before -= ended;
		lsh_unlock(&worker.lock);
		if (before != 0 || run_one())
			enough = lsh_from_now(idle);
	}
}

/* Waiting for readers costs all threads something: it is done for all that comes within a tick.  Under the worker's lock. */
static void gather(void)
{
	struct timespec deadline = lsh_from_now(TICK);

	gathering = true;
	while (lsh_for_readers_any(&for_readers) && !has_enough() && lsh_worker_doze_locked(&worker, &deadline))
		;
	gathering = false;
}

/* What this thread itself keeps for readers would start it anew when its record ends.  Whether there is work again. */
static bool give_own(void)
{
	struct lsh_record *record = lsh_record();
	bool any;

	if (record)
		lsh_shown_empty(record);
	lsh_lock(&worker.lock);
	any = lsh_for_readers_any(&for_readers) || first || groups;
	lsh_unlock(&worker.lock);
	return any;
}

static void body(void)
{
	unsigned turn;

	for (turn = 1;; turn++) {
		/* Buffers do not wait for ever, however many deaths there are. */
		bool stop;

		if (turn % 64 && pop(&own_grave)) {
			LSH_POINT("finalizers: popped");
			lsh_bury_in(&own_grave);
			done(1);
			continue;
		}
		own_group = pop_group();
		if (own_group) {
			struct lsh_group *group = own_group;

			lsh_group_run(group);
			own_group = NULL;
			end_group(group);
			continue;
		}
		lsh_lock(&worker.lock);
		gather();
		lsh_for_readers_take(&for_readers, &in_hand);
		stop = worker.stopping && !first && !groups;
		if (!lsh_for_readers_any(&in_hand) && !first && !groups)
			__atomic_store_n(&worker.asleep, 1, __ATOMIC_RELAXED);
		lsh_unlock(&worker.lock);
		if (lsh_for_readers_any(&in_hand))
			wait_for_readers();
		else if (!stop)
			lsh_worker_sleep(&worker);
		else if (!give_own())
			return;
	}
}

void lsh_retire(struct lsh_retired_kind *kind, struct lsh_retired *node)
{
	LSH_RELEASE(&lsh_readers);
	lsh_lock(&worker.lock);
	lsh_for_readers_add_buffer(&for_readers, kind, node);
	__atomic_fetch_add(&retiring, 1, __ATOMIC_RELAXED);
	add_to_backlog();
	lsh_unlock(&worker.lock);
}

void lsh_finalizers_help(void)
{
	unsigned i;

	if (lsh_in_hook())
		return;
	for (i = 0; i < 256 && __atomic_load_n(&backlog, __ATOMIC_RELAXED) > BACKLOG_HELP; i++) {
		struct lsh_grave grave = { .current = NULL };

		if (!pop(&grave))
			return;
		lsh_bury_in(&grave);
		done(1);
	}
}

void lsh_finalizers_throttle(void)
{
	struct timespec deadline;
	uint64_t began;

	if (__atomic_load_n(&backlog, __ATOMIC_RELAXED) <= BACKLOG_LIMIT || lsh_in_hook() ||
	    rcu_read_ongoing())
		return;
	began = lsh_now();
	deadline = lsh_from_now(1000000);
	lsh_lock(&worker.lock);
	while (backlog > BACKLOG_LIMIT && lsh_worker_wait_locked(&worker, &deadline))
		;
	lsh_unlock(&worker.lock);
	lsh_waited_since(began);
}

size_t lsh_retired_waiting(void)
{
	return __atomic_load_n(&retiring, __ATOMIC_RELAXED);
}

size_t lsh_finalizers_waiting(void)
{
	size_t buffers = lsh_retired_waiting(), all = __atomic_load_n(&backlog, __ATOMIC_RELAXED);

	return all > buffers ? all - buffers : 0;
}

bool lsh_finalizers_wait(const struct timespec *deadline)
{
	bool empty;

	lsh_lock(&worker.lock);
	hurry();
	while (backlog && lsh_worker_wait_locked(&worker, deadline))
		;
	hurried--;
	empty = backlog == 0;
	lsh_unlock(&worker.lock);
	return empty;
}

size_t lsh_finalizers_ended(void)
{
	size_t number;

	lsh_lock(&worker.lock);
	number = ended;
	lsh_unlock(&worker.lock);
	return number;
}

bool lsh_finalizers_busy(void)
{
	bool busy;

	lsh_lock(&worker.lock);
	busy = backlog != 0;
	lsh_unlock(&worker.lock);
	return busy;
}

void lsh_finalizers_stop(void)
{
	lsh_worker_stop(&worker);
	lsh_lock(&worker.lock);
	if (backlog)
		lsh_worker_wake_locked(&worker); /* what came while it ended */
	lsh_unlock(&worker.lock);
}

void lsh_finalizers_lock(void)
{
	pthread_mutex_lock(&worker.lock.mutex);
}

void lsh_finalizers_unlock(void)
{
	pthread_mutex_unlock(&worker.lock.mutex);
}

void lsh_finalizers_after_fork(void)
{
	hurried = 0;
	gathering = false;
	/* A hook forked: this thread is the finalizer thread, and goes on. */
	if (worker.running && pthread_equal(worker.thread, pthread_self()))
		return;
	left_group = own_group;
	own_group = NULL;
	left_over = own_grave;
	own_grave = (struct lsh_grave){ .current = NULL };
	/* The parent's thread waited for readers, or was about to free it. */
	lsh_for_readers_put_back(&in_hand, &for_readers);
	lsh_worker_after_fork(&worker);
}

/* What the parent's thread was in the middle of.  A hook that was running does not run again: the reference
 * held for it is dropped.  Fields that were being released are released on.  An object in the
 * hands of its destroy stays where it is, half destroyed, and nobody can reach it. */
void lsh_finalizers_take_up(void)
{
	struct leash__header *h;
	struct lsh_grave grave = left_over;
	struct lsh_group *group = left_group, *g;
	size_t number = 0;
	int i;

	if (worker.running)
		return;
	left_over = (struct lsh_grave){ .current = NULL };
	left_group = NULL;
	lsh_lock(&worker.lock);
	for (g = groups; g; g = g->next)
		number++;
	__atomic_store_n(&group_count, number, __ATOMIC_RELAXED);
	number += chain_length(first);
	retiring = lsh_for_readers_retiring(&for_readers);
	number += retiring;
	number += chain_length(for_readers.published);
	set_backlog(number);
	if (number)
		lsh_worker_wake_locked(&worker);
	lsh_unlock(&worker.lock);

	for (i = 0; i < 2; i++) {
		while ((h = grave.waiting[i]) != NULL) {
			grave.waiting[i] = lsh_link(h);
			lsh_finalizers_push(h);
		}
	}
	/* Hooks that have not run will be found again, with the garbage. */
	if (group)
		lsh_group_drop(group);
	free(group);
	h = grave.current;
	if (grave.stage == LSH_GRAVE_FIELDS ||
	    (grave.stage == LSH_GRAVE_HOOKS && h->shared & LEASH__DEAD))
		lsh_finalizers_push(h);
	else if (grave.stage == LSH_GRAVE_HOOKS)
		lsh_drop(h, false);
}
