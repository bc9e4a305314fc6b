/* The background thread: takes over deferred decrements and revokes.
 *
 * It makes a pass about every millisecond as long as the passes find something, and sleeps otherwise; an
 * idle program wakes nobody.  Work arrives in two ways, and going to sleep pairs with each:
 *
 *      thread                                  background thread
 *      guard: makes an entry in its table      asleep = 1
 *      reads asleep                            op-grace
 *                                              looks for entries
 *   Either the guard was over when the op-grace ended, and the entry is seen; or it began later, and the
 *   thread reads asleep == 1 and wakes us.
 *
 *      puts an object into a queue, under      asleep = 1
 *      the queue's lock                        looks into the queues, under their locks
 *      reads asleep
 *   The lock orders the two looks.
 *
 * A pass runs under lsh_pass and no user's code: deaths that have hooks go to the finalizer thread.  (A
 * type's trace may run; it takes no lock, by contract.)  Births that find too much waiting make a
 * pass themselves.
 */
#include "background.h"
#include "collect/collector.h"
#include "deferred.h"
#include "heap.h"
#include "points.h"
#include "revoke.h"
#include "thread.h"
#include "worker.h"

#define TICK   1000000 /* nanoseconds */
#define TURNS  64      /* of settling, beside threads that never rest */
#define ROUNDS 64      /* of revocation in one pass, so that others get at lsh_pass */

static void body(void);
static struct lsh_worker worker = LSH_WORKER_INIT("leash-deferred", body);

void lsh_background_poke(void)
{
	if (__builtin_expect(__atomic_load_n(&worker.asleep, __ATOMIC_RELAXED), 0))
		lsh_worker_wake(&worker);
}

enum lsh_pass_found lsh_background_pass(bool all)
{
	bool deferred;
	unsigned rounds;

	lsh_lock(&lsh_pass);
	deferred = lsh_deferred_take_over(all);
	rounds = lsh_revoke(ROUNDS);
	if (lsh_kept_any())
		lsh_kept_free();
	lsh_unlock(&lsh_pass);
	/* What was subtracted may have made suspects that no other thread's log knows. */
	lsh_collector_feed();
	return rounds == ROUNDS ? LSH_PASS_MORE : deferred || rounds ? LSH_PASS_SOME : LSH_PASS_NOTHING;
}

void lsh_background_settle(void)
{
	struct lsh_record *record = lsh_record();
	unsigned turns = 0;

	if (record)
		lsh_deferred_flush(record);
	while ((lsh_background_pass(true) == LSH_PASS_MORE || lsh_pending_any()) && ++turns < TURNS)
		;
}

static void body(void)
{
	while (!lsh_worker_stopping(&worker)) {
		enum lsh_pass_found found = lsh_background_pass(false);

		if (found == LSH_PASS_SOME)
			lsh_worker_doze(&worker, TICK);
		if (found != LSH_PASS_NOTHING)
			continue;
		__atomic_store_n(&worker.asleep, 1, __ATOMIC_RELAXED);
		LSH_POINT("background: about to sleep");
		lsh_op_grace();
		if (!lsh_deferred_any() && !lsh_pending_any() && !lsh_kept_any()) {
			lsh_worker_sleep(&worker);
			continue;
		}
		__atomic_store_n(&worker.asleep, 0, __ATOMIC_RELAXED);
		lsh_worker_doze(&worker, TICK);
	}
}

void lsh_background_stop(void)
{
	lsh_worker_stop(&worker);
}

void lsh_background_lock(void)
{
	pthread_mutex_lock(&worker.lock.mutex);
}

void lsh_background_unlock(void)
{
	pthread_mutex_unlock(&worker.lock.mutex);
}

void lsh_background_after_fork(void)
{
	lsh_worker_after_fork(&worker);
}
