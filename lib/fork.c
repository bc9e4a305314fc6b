/* fork: the child has one thread and a copy of everything, in whatever state the other threads were.
 *
 * Before the fork every lock of the library is taken, in the order of their ranks; so the child finds no list half
 * changed, and the background thread between two passes.  What a lock does not protect:
 *
 * - Operations of other threads inside their guards.  Each is one atomic step on an object, so the object is
 *   consistent; the thread's table of deferred decrements is used only if it was outside.
 * - The finalizer thread in the middle of a burial: finalizers.c takes it up.
 *
 * Threads that do not exist in the child lose their records; their objects wait for the next thread that is given
 * the id, or for revocation.  The library's threads start again on demand.
 *
 * No handler calls malloc while it holds locks; jemalloc's and libc's own handlers may come before or after.
 */
#include <pthread.h>

#include "background.h"
#include "finalizers.h"
#include "heap.h"
#include "revoke.h"
#include "thread.h"

static void before(void)
{
	pthread_mutex_lock(&lsh_pass.mutex);
	lsh_threads_lock();
	lsh_pending_lock();
	lsh_types_lock();
	lsh_heap_lock();
	lsh_background_lock();
	lsh_finalizers_lock();
}

static void unlock_shared(void)
{
	lsh_heap_unlock();
	lsh_types_unlock();
	lsh_pending_unlock();
	lsh_threads_unlock();
	pthread_mutex_unlock(&lsh_pass.mutex);
}

static void after_in_parent(void)
{
	lsh_finalizers_unlock();
	lsh_background_unlock();
	unlock_shared();
}

static void after_in_child(void)
{
	/* First what holds no thread up: from here on the locks are free, and nobody else wants them. */
	unlock_shared();
	lsh_background_after_fork();
	lsh_finalizers_after_fork();
	lsh_threads_forget_others();
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(before, after_in_parent, after_in_child);
}
