/* Waiting for readers.
 *
 * Whoever finds an object, or a buffer, without having been given a reference to it does so in a guard, or in a read section of
 * liburcu: a load from a slot, a peek, a trace.  What cannot be found any more may go when both kinds have
 * ended that were under way: an op-grace, and a grace period of liburcu.
 *
 * Asking.  A thread that would rather not wait asks for a number, after it has made sure that what it has cannot be found:
 *
 *      thread                          whoever waits (one at a time)
 *      takes it away                   a = asked
 *      n = ++asked                     op-grace, grace period
 *      over >= n: it may go            over = a
 *
 * If over >= n, then n <= a: what the wait began with knew of the question, so the thing was gone before, and all who may have
 * found it were waited for.  (models/readers.pml)
 */
#include <urcu-bp.h>

#include "lock.h"
#include "points.h"
#include "readers.h"
#include "revoke.h"
#include "thread.h"
#include "track.h"

/* Held while waiting, so that no fork comes in between. */
static struct lsh_lock grace = LSH_LOCK_INIT(LSH_RANK_GRACE);
static bool held;  /* by the thread that forks */
static bool never; /* a child that cannot wait any more */

static uint64_t asked, over;

bool lsh_await_readers(void)
{
	uint64_t now;

	if (never)
		return false;
	lsh_lock(&grace);
	now = __atomic_load_n(&asked, __ATOMIC_ACQUIRE);
	lsh_op_grace();
	synchronize_rcu();
	LSH_POINT("readers: waited");
	LSH_ACQUIRE(&lsh_readers);
	__atomic_store_n(&over, now, __ATOMIC_RELEASE);
	lsh_unlock(&grace);
	return true;
}

uint64_t lsh_readers_ask(void)
{
	return __atomic_add_fetch(&asked, 1, __ATOMIC_ACQ_REL);
}

bool lsh_readers_over(uint64_t number)
{
	return __atomic_load_n(&over, __ATOMIC_ACQUIRE) >= number;
}

void lsh_readers_lock(void)
{
	held = true;
	/* Inside a read section of our own, who waits waits for us. */
	if (rcu_read_ongoing())
		held = pthread_mutex_trylock(&grace.mutex) == 0;
	else
		pthread_mutex_lock(&grace.mutex);
}

void lsh_readers_unlock(void)
{
	if (held)
		pthread_mutex_unlock(&grace.mutex);
}

void lsh_readers_after_fork(void)
{
	if (held)
		return;
	/* The thread that waited may have been inside liburcu's locks. */
	never = true;
	grace = (struct lsh_lock)LSH_LOCK_INIT(LSH_RANK_GRACE);
}
