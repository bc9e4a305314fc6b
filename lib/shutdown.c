/* leash_shutdown: bringing the library to rest. */
#include <errno.h>

#include <leash/object.h>
#include <leash/version.h>

#include "background.h"
#include "collect/collector.h"
#include "death.h"
#include "deferred.h"
#include "fault.h"
#include "finalizers.h"
#include "heap.h"
#include "revoke.h"
#include "see/socket.h"
#include "shown.h"
#include "shutdown.h"
#include "thread.h"
#include "worker.h"

#define PATIENCE_SECONDS 10
#define COLLECTIONS      8 /* what dies of one may leave work for the next */

static struct lsh_lock lock = LSH_LOCK_INIT(LSH_RANK_SHUTDOWN);

/* Applies and buries until nothing more comes of it. */
static int settle(void)
{
	struct timespec deadline = lsh_from_now(PATIENCE_SECONDS * 1000000000L);
	struct lsh_record *record = lsh_record();
	bool any;

	do {
		/* What this thread keeps for readers would start theirs anew when its record ends. */
		if (record)
			lsh_shown_empty(record);
		/* First, since what the hooks release is for the pass to find.  Afterwards the background
		 * thread, still running, may have given the finalizers more, or they us. */
		if (!lsh_finalizers_wait(&deadline)) {
			lsh_say("leash_shutdown: a close, finalize or destroy function has not "
				"returned for %d seconds", PATIENCE_SECONDS);
			return -ETIMEDOUT;
		}
		any = lsh_background_pass(true) != LSH_PASS_NOTHING || lsh_finalizers_busy() ||
		      lsh_pending_any() || lsh_deferred_any();
		if (any && lsh_is_past(&deadline)) {
			lsh_say("leash_shutdown: other threads have kept it busy for %d seconds",
				PATIENCE_SECONDS);
			return -ETIMEDOUT;
		}
	} while (any);
	return 0;
}

long leash_shutdown(void)
{
	struct lsh_counters sum;
	int error, i;

	if (lsh_in_hook())
		return -EDEADLK;
	lsh_lock(&lock);
	error = settle();
	for (i = 0; i < COLLECTIONS && !error && lsh_collect_all() > 0; i++)
		error = settle();
	lsh_collector_stop();
	lsh_background_stop();
	if (!error) {
		/* What was deferred while the background thread ended. */
		lsh_op_grace();
		error = settle();
	}
	if (!error)
		lsh_finalizers_stop();
	else
		lsh_background_poke(); /* it may have missed something while it ended */
	lsh_socket_stop();
	lsh_detach();
	lsh_logs_purge();
	lsh_heap_purge();
	lsh_counters_sum(&sum);
	lsh_unlock(&lock);
	if (error)
		return error;
	return (long)(sum.births - sum.frees - lsh_counters_immortals());
}

void lsh_shutdown_after_fork(void)
{
	lock = (struct lsh_lock)LSH_LOCK_INIT(LSH_RANK_SHUTDOWN);
}

const char *leash_version(void)
{
	return LEASH_VERSION;
}
