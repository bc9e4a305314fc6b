/* A thread of the library's own: started on demand, asleep when idle, stopped at shutdown.
 *
 * Going to sleep without missing work is a handshake: the thread says it is asleep, makes sure that whoever
 * adds work either sees that or is seen (an op-grace for the background thread, the lock for the
 * finalizer thread), looks once more, and only then waits.  A thread that does not exist counts as
 * asleep, so that the first work starts it, and so does the first work after a fork or a shutdown.
 *
 * If the thread cannot be created it stays asleep, and the next work tries again.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "worker.h"

uint64_t lsh_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct timespec lsh_from_now(long nanoseconds)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += nanoseconds / 1000000000;
	time.tv_nsec += nanoseconds % 1000000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	return time;
}

bool lsh_is_past(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec ||
	       (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

static void make_ready(struct lsh_worker *worker)
{
	pthread_condattr_t monotonic;

	if (worker->ready)
		return;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->wake, &monotonic);
	pthread_cond_init(&worker->progress, &monotonic);
	pthread_condattr_destroy(&monotonic);
	worker->ready = true;
}

static void *main_of(void *argument)
{
	struct lsh_worker *worker = argument;

	pthread_setname_np(pthread_self(), worker->name);
	worker->body();
	return NULL;
}

/* Signals are the program's business; its handlers do not run on our threads. */
static bool start(struct lsh_worker *worker)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&worker->thread, NULL, main_of, worker) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

void lsh_worker_wake_locked(struct lsh_worker *worker)
{
	make_ready(worker);
	if (!worker->running && !worker->stopping)
		worker->running = start(worker);
	if (worker->running)
		__atomic_store_n(&worker->asleep, 0, __ATOMIC_RELAXED);
	pthread_cond_signal(&worker->wake);
}

void lsh_worker_wake(struct lsh_worker *worker)
{
	lsh_lock(&worker->lock);
	lsh_worker_wake_locked(worker);
	lsh_unlock(&worker->lock);
}

static void wait_until(struct lsh_worker *worker, pthread_cond_t *what, const struct timespec *deadline)
{
	lsh_lock_note(worker->lock.rank, 0);
	if (deadline)
		pthread_cond_timedwait(what, &worker->lock.mutex, deadline);
	else
		pthread_cond_wait(what, &worker->lock.mutex);
	lsh_lock_note(worker->lock.rank, 1);
}

void lsh_worker_sleep(struct lsh_worker *worker)
{
	lsh_lock(&worker->lock);
	while (__atomic_load_n(&worker->asleep, __ATOMIC_RELAXED) && !worker->stopping)
		wait_until(worker, &worker->wake, NULL);
	lsh_unlock(&worker->lock);
}

bool lsh_worker_doze_locked(struct lsh_worker *worker, const struct timespec *deadline)
{
	wait_until(worker, &worker->wake, deadline);
	return !lsh_is_past(deadline);
}

void lsh_worker_doze(struct lsh_worker *worker, long nanoseconds)
{
	struct timespec deadline = lsh_from_now(nanoseconds);

	lsh_lock(&worker->lock);
	if (!worker->stopping)
		wait_until(worker, &worker->wake, &deadline);
	lsh_unlock(&worker->lock);
}

bool lsh_worker_stopping(struct lsh_worker *worker)
{
	bool stopping;

	lsh_lock(&worker->lock);
	stopping = worker->stopping;
	lsh_unlock(&worker->lock);
	return stopping;
}

void lsh_worker_progress_locked(struct lsh_worker *worker)
{
	if (worker->ready)
		pthread_cond_broadcast(&worker->progress);
}

bool lsh_worker_wait_locked(struct lsh_worker *worker, const struct timespec *deadline)
{
	make_ready(worker);
	wait_until(worker, &worker->progress, deadline);
	return !lsh_is_past(deadline);
}

void lsh_worker_stop(struct lsh_worker *worker)
{
	bool running;

	lsh_lock(&worker->lock);
	running = worker->running;
	worker->stopping = true;
	if (running)
		pthread_cond_broadcast(&worker->wake);
	lsh_unlock(&worker->lock);
	if (running)
		pthread_join(worker->thread, NULL);
	lsh_lock(&worker->lock);
	worker->running = worker->stopping = false;
	__atomic_store_n(&worker->asleep, 1, __ATOMIC_RELAXED);
	lsh_unlock(&worker->lock);
}

void lsh_worker_after_fork(struct lsh_worker *worker)
{
	worker->ready = worker->running = worker->stopping = false;
	__atomic_store_n(&worker->asleep, 1, __ATOMIC_RELAXED);
}
