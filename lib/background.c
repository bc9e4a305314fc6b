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
#include "deferred.h"
#include "heap.h"
#include "points.h"
#include "revoke.h"
#include "thread.h"
#include "worker.h"

#define TICK 1000000 /* nanoseconds */

static void body(void);
static struct lsh_worker worker = LSH_WORKER_INIT("leash-background", body);

void lsh_background_poke(void)
{
	if (__builtin_expect(__atomic_load_n(&worker.asleep, __ATOMIC_RELAXED), 0))
		lsh_worker_wake(&worker);
}

bool lsh_background_pass(void)
{
	struct lsh_record *self = lsh_record();
	bool any = false;

	lsh_lock(&lsh_pass);
	if (self)
		any = lsh_deferred_take_over(self);
	any |= lsh_revoke_all();
	if (lsh_kept_any())
		lsh_keep_end();
	lsh_unlock(&lsh_pass);
	return any;
}

static void body(void)
{
	while (!lsh_worker_stopping(&worker)) {
		if (lsh_background_pass()) {
			lsh_worker_doze(&worker, TICK);
			continue;
		}
		__atomic_store_n(&worker.asleep, 1, __ATOMIC_RELAXED);
		LSH_POINT("background: about to sleep");
		lsh_op_grace();
		if (lsh_deferred_any() || lsh_pending_any() || lsh_kept_any())
			__atomic_store_n(&worker.asleep, 0, __ATOMIC_RELAXED);
		else
			lsh_worker_sleep(&worker);
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
