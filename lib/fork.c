/* fork: the child has one thread and a copy of everything, in whatever state the other threads were.
 *
 * Before the fork every lock of the library is taken, in the order of their ranks; so the child finds no list half
 * changed, the background thread between two passes, and nobody inside liburcu's grace period on our behalf.  What
 * locks do not protect:
 *
 * - Operations of other threads inside their guards.  Most are one atomic step on an object; those of more steps
 *   (merge, adopt) are written down in the thread's record first and put right here.  The thread's
 *   table of deferred decrements is used only if it was outside.
 * - Magazines, which their threads change without a guard: they are left alone, and their blocks lost to
 *   the child.
 * - The finalizer thread in the middle of a burial, or of a wait for readers: finalizers.c takes it up.
 *
 * The child first, under the locks, forgets the threads it does not have; only then may anything start a
 * thread of the library.  Objects of vanished threads wait for the next thread that is given the id, or for
 * revocation.
 *
 * Readers.  A vanished thread that was inside a read section of liburcu would be waited for in the child, for ever; so
 * liburcu's list of readers is cut down to this thread.  For that it has a function, which a program that uses liburcu-bp
 * itself may have called already, or will: it can be called twice.  Its counterpart from before the fork takes locks and
 * cannot; without it the function only lets go of locks that nobody has in the child, and forgets the signal mask, which is
 * put back.  What those locks protect is whole: our grace periods are kept out of forks, and threads come to the list seldom.
 *
 * A fork inside a read section of liburcu, while the finalizer thread waits for just such sections, must not wait
 * for that thread.  The child then does without grace periods: what is retired there is never freed.
 *
 * No handler calls malloc while it holds locks.  jemalloc's handlers hold its locks; ours are registered after them,
 * so they run before.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <urcu-bp.h>

#include "background.h"
#include "census.h"
#include "collect/collector.h"
#include "collect/round.h"
#include "finalizers.h"
#include "fork.h"
#include "heap.h"
#include "readers.h"
#include "revoke.h"
#include "see/socket.h"
#include "shutdown.h"
#include "thread.h"
#include "weak.h"

static void before(void)
{
	pthread_mutex_lock(&lsh_round_lock.mutex);
	pthread_mutex_lock(&lsh_pass.mutex);
	lsh_readers_lock();
	lsh_threads_lock();
	lsh_pending_lock();
	lsh_types_lock();
	lsh_weak_lock();
	lsh_census_lock();
	lsh_logs_lock();
	lsh_heap_lock();
	lsh_background_lock();
	lsh_collector_lock();
	lsh_finalizers_lock();
	lsh_socket_lock();
}

static void unlock(void)
{
	lsh_socket_unlock();
	lsh_finalizers_unlock();
	lsh_collector_unlock();
	lsh_background_unlock();
	lsh_heap_unlock();
	lsh_logs_unlock();
	lsh_census_unlock();
	lsh_weak_unlock();
	lsh_types_unlock();
	lsh_pending_unlock();
	lsh_threads_unlock();
	lsh_readers_unlock();
	pthread_mutex_unlock(&lsh_pass.mutex);
	pthread_mutex_unlock(&lsh_round_lock.mutex);
}

static void forget_readers(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	urcu_bp_after_fork_child();
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

static void after_in_child(void)
{
	forget_readers();
	lsh_threads_after_fork();
	lsh_background_after_fork();
	lsh_collector_after_fork();
	lsh_readers_after_fork();
	lsh_finalizers_after_fork();
	lsh_shutdown_after_fork();
	lsh_socket_after_fork();
	unlock();
	lsh_finalizers_take_up();
	lsh_threads_bury_others();
}

void lsh_fork_start(void)
{
	/* Whatever malloc registers it has registered after its first call. */
	void *volatile memory = malloc(1);

	free(memory);
	pthread_atfork(before, unlock, after_in_child);
}
