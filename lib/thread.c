/* Thread records, the guard, and the op-grace.
 *
 * Purpose.  Operations on counts run on plain memory of their own thread wherever they can.  Somebody
 * who has to know that no such operation is in flight (to take an owner away, to take over a table of
 * deferred decrements, to free memory) cannot ask the threads: they may be blocked for ever.  The guard and
 * the op-grace answer the question without their help.
 *
 * Algorithm.  Asymmetric fences, as in liburcu's memb flavour (Desnoyers et al., User-Level
 * Implementations of Read-Copy Update, 2012), but with a flag in place of nested read sections,
 * because guards neither nest nor contain users' code:
 *
 *      operation                            op-grace (after publishing P)
 *      busy = 1           (relaxed)         membarrier
 *      compiler barrier                     for each record:
 *      ... reads P, works ...                   wait until busy == 0   (acquire)
 *      busy = 0           (release)
 *
 * 1. An operation whose `busy = 1` reaches memory before the membarrier is seen and waited for; the
 *    release store that ends it pairs with the acquire load that finds it over, so all it did is
 *    visible after the op-grace.
 * 2. An operation whose `busy = 1` comes later runs after the barrier that membarrier executed on
 *    its processor, so it reads P as published.
 * 3. The flag alternates; the op-grace needs to see one 0, not the end of all activity.  A
 *    thread that runs guards back to back is seen at 0 sooner or later; each look is independent.
 *
 * The release store on exit is needed: with a relaxed one GenMC finds a violation under RC11.
 * Without membarrier (an old kernel, a filter) no object gets an owner and nothing is deferred, so that
 * the inlined paths never act under their weak guard, and lsh_begin() enters by a read-modify-write.
 * The same form serves ThreadSanitizer, which does not know membarrier; there the op-grace reads the
 * flags by read-modify-writes, and each pair of them is an edge the tool can see.
 *
 * Records.  leash__self points to the calling thread's record, or to `nobody`, in which inlined code finds
 * no owner and no credits and so takes the slow path, which attaches the thread.  Records and ids
 * change under lsh_registry only: the lock makes detaching a release and attaching an acquire, which is
 * why an id may be reused at once; the new thread simply owns what the old one left.
 *
 * Guests.  A thread whose record has ended (its exit destructors may still release objects, in any number
 * of rounds), or that cannot get one, runs its operations one by one under the record of the
 * guests and its lock: never an owner, nothing deferred, so nothing to clean up.
 *
 * Progress.  The guard is wait-free.  The op-grace waits for at most one guard per thread; a thread that is
 * preempted inside one delays it until it runs again, a blocked one never does.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "census.h"
#include "fault.h"
#include "fork.h"
#include "harden.h"
#include "options.h"
#include "points.h"
#include "see/socket.h"
#include "thread.h"

#ifdef LEASH_TEST_POINTS
void (*lsh_point_hook)(const char *name);
bool (*lsh_allocation_hook)(void);
bool (*lsh_guess_hook)(void);
#endif

static struct lsh_record nobody = { .hot.id = LEASH__UNATTACHED, .hot.leaf = LEASH__LEAF };
static struct lsh_record guest = {
	.hot.id = LEASH__UNATTACHED,
	.hot.leaf = LEASH__LEAF,
	.birth_shared = LEASH__MERGED | LEASH__ONE,
	.log.chunk = &lsh_first_chunk,
};
static struct lsh_lock guest_lock = LSH_LOCK_INIT(LSH_RANK_GUEST);

__thread struct leash__thread *leash__self __attribute__((tls_model("initial-exec"))) = &nobody.hot;
static __thread bool past_end; /* the thread's record has ended with the thread */

struct lsh_lock lsh_registry = LSH_LOCK_INIT(LSH_RANK_REGISTRY);
struct lsh_record *lsh_first_record = &guest; /* the guests' is always the last */
static uint16_t free_ids[1 << 16];          /* a stack */
static unsigned free_id_count;
static unsigned next_id = 1; /* the smallest never used */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t exit_key;
static bool exit_key_made;
static bool membarrier_works;
static bool biased;

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static void end_record(struct lsh_record *record);

static void at_exit_of_thread(void *record)
{
	past_end = true;
	end_record(record);
}

static void start(void)
{
	int commands = membarrier(MEMBARRIER_CMD_QUERY);

	membarrier_works = commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) &&
			   membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
	biased = membarrier_works && lsh_options()->bias;
	exit_key_made = pthread_key_create(&exit_key, at_exit_of_thread) == 0;
	lsh_census_start();
	lsh_harden_start();
	lsh_fork_start();
	lsh_socket_start();
}

void lsh_start(void)
{
	pthread_once(&once, start);
}

struct lsh_record *lsh_records(void)
{
	return lsh_first_record;
}

bool lsh_is_guest(const struct lsh_record *record)
{
	return record == &guest;
}

void lsh_guest_lock(void)
{
	lsh_lock(&guest_lock);
}

void lsh_guest_unlock(void)
{
	lsh_unlock(&guest_lock);
}

static uint16_t take_id(void)
{
	if (free_id_count)
		return free_ids[--free_id_count];
	return next_id < LEASH__UNATTACHED ? (uint16_t)next_id++ : LEASH__NOBODY;
}

static struct lsh_record *attach(void)
{
	struct lsh_record *record;
	void *memory;

	pthread_once(&once, start);
	/* Without the key nobody would notice the thread's end. */
	if (past_end || !exit_key_made || LSH_ALLOCATION_FAILS ||
	    posix_memalign(&memory, 64, sizeof(*record)))
		return NULL;
	record = memset(memory, 0, sizeof(*record));
	if (!lsh_log_start(record)) {
		free(record);
		return NULL;
	}
	if (pthread_setspecific(exit_key, record)) {
		lsh_log_leave(record);
		free(record);
		return NULL;
	}
	if (biased) {
		record->hot.credits = record->deferred.table;
		record->birth.local = LEASH__LOCAL_ONE;
	} else {
		record->birth_shared = LEASH__MERGED | LEASH__ONE;
	}

	lsh_lock(&lsh_registry);
	record->hot.leaf = LEASH__LEAF;
	record->hot.id = take_id();
	if (record->hot.id != LEASH__NOBODY) {
		record->birth.owner = biased ? record->hot.id : LEASH__NOBODY;
		record->next = lsh_first_record;
		record->link = &lsh_first_record;
		lsh_first_record->link = &record->next;
		lsh_first_record = record;
	}
	lsh_unlock(&lsh_registry);

	if (record->hot.id == LEASH__NOBODY) {
		pthread_setspecific(exit_key, NULL);
		lsh_log_leave(record);
		free(record);
		return NULL;
	}
	leash__self = &record->hot;
	return record;
}

/* Takes the record out of the registry; its id may be another thread's at once. */
static void unlink_record(struct lsh_record *record)
{
	*record->link = record->next;
	record->next->link = record->link;
	free_ids[free_id_count++] = record->hot.id;
	lsh_counters_retire(record);
}

static void end_record(struct lsh_record *record)
{
	lsh_deferred_flush(record);
	lsh_limbo_empty(record);
	lsh_magazines_drain(record);
	LSH_POINT("thread: emptied");
	lsh_lock(&lsh_registry);
	while (__atomic_load_n(&record->deferred.state, __ATOMIC_ACQUIRE) == LSH_TABLE_TAKEN) {
		lsh_unlock(&lsh_registry);
		sched_yield();
		lsh_lock(&lsh_registry);
	}
	unlink_record(record);
	lsh_log_leave(record);
	lsh_unlock(&lsh_registry);
	leash__self = &nobody.hot;
	free(record);
}

void lsh_detach(void)
{
	if (leash__self->id == LEASH__UNATTACHED)
		return;
	pthread_setspecific(exit_key, NULL);
	end_record((struct lsh_record *)leash__self);
}

struct lsh_record *lsh_record(void)
{
	if (__builtin_expect(leash__self->id != LEASH__UNATTACHED, 1))
		return (struct lsh_record *)leash__self;
	return attach();
}

static void full_fence(void)
{
#ifdef LEASH__STRONG_GUARD
	static int word; /* ThreadSanitizer knows no fences */

	__atomic_exchange_n(&word, 0, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

struct lsh_record *lsh_begin(void)
{
	struct lsh_record *record = lsh_record();

	if (__builtin_expect(!record, 0)) {
		lsh_guest_lock();
		record = &guest;
	} else if (__builtin_expect(__atomic_load_n(&record->deferred.state, __ATOMIC_RELAXED) ==
					    LSH_TABLE_ASKED, 0)) {
		lsh_deferred_answer(record);
	}
	leash__enter(&record->hot);
	if (__builtin_expect(!biased, 0))
		full_fence();
	return record;
}

void lsh_end(struct lsh_record *record)
{
	leash__leave(&record->hot);
	if (__builtin_expect(record == &guest, 0))
		lsh_guest_unlock();
}

static bool in_guard(struct lsh_record *record)
{
#ifdef LEASH__STRONG_GUARD
	return __atomic_fetch_add(&record->hot.busy, 0, __ATOMIC_ACQ_REL) != 0;
#else
	return __atomic_load_n(&record->hot.busy, __ATOMIC_ACQUIRE) != 0;
#endif
}

void lsh_op_grace_locked(void)
{
	struct lsh_record *record;

	pthread_once(&once, start);
	LSH_POINT("grace: before the barrier");
	if (!membarrier_works)
		full_fence();
	else if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		lsh_fault_call("membarrier", "it worked when the program began, and fails now");
	LSH_POINT("grace: after the barrier");
	for (record = lsh_first_record; record; record = record->next) {
		unsigned looks = 0;

		while (in_guard(record)) {
			/* The thread has lost its processor in there; so may we ours. */
			if (++looks % 128 == 0)
				nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
		}
	}
}

void lsh_op_grace(void)
{
	lsh_lock(&lsh_registry);
	lsh_op_grace_locked();
	lsh_unlock(&lsh_registry);
}

void lsh_threads_lock(void)
{
	pthread_mutex_lock(&lsh_registry.mutex);
	pthread_mutex_lock(&guest_lock.mutex);
}

void lsh_threads_unlock(void)
{
	pthread_mutex_unlock(&guest_lock.mutex);
	pthread_mutex_unlock(&lsh_registry.mutex);
}

/* In the child of a fork, which has one thread.  The records of the others leave the registry, under its
 * lock, before anything starts a thread here.  They are not freed: their magazines may have been caught in the
 * middle of a change, so their blocks are lost to the child, but remain reachable. */
static struct lsh_record *vanished;

static void put_right(struct lsh_record *record)
{
	struct leash__header *h = record->moving;

	if (!h)
		return;
	/* Either the swap has been made or nothing has. */
	if (h->shared & LEASH__MERGED) {
		h->owner = LEASH__NOBODY;
		h->local = 0;
	} else {
		h->owner = record->hot.id;
		h->local = record->moving_local;
	}
}

void lsh_threads_after_fork(void)
{
	struct lsh_record *record, *next;

	vanished = NULL;
	for (record = lsh_first_record; record != &guest; record = next) {
		next = record->next;
		if (&record->hot == leash__self)
			continue;
		put_right(record);
		unlink_record(record);
		record->next = vanished;
		vanished = record;
	}
	guest.hot.busy = 0;
}

/* What they had deferred is subtracted, unless they were inside a guard, where it may be half done: then it is
 * lost, and some objects stay alive in the child, which is the safe side. */
void lsh_threads_bury_others(void)
{
	struct lsh_record *record;

	for (record = vanished; record; record = record->next) {
		record->deferred.state = LSH_TABLE_FREE;
		if (!record->hot.busy)
			lsh_deferred_flush(record);
		/* The suspects are the child's now; an entry that was being made is lost. */
		lsh_log_leave(record);
	}
}
