/* The queue of deferred decrements.
 *
 * Purpose.  Threads that use objects of other threads should not write to them.  A thread that
 * retains and releases such an object over and over would add and subtract on a word that all others read;
 * here it does neither.
 *
 * Algorithm.  Each thread has a small direct-mapped table of entries {object, credits}.  A release of an
 * object of another owner, or of none, does not subtract: it files the reference as a credit.  The next retain
 * of that object takes the credit back.  Credits are counted references, so the count is never too low and
 * the object never dies early; it may die late, when the credits are subtracted:
 *
 *   - when another object needs the entry (count.c), or one entry holds LEASH__CREDIT_MAX;
 *   - by the thread itself after LSH_FILED_MAX new entries, at leash_flush(), and at its end;
 *   - when nothing has been filed into the entry for a millisecond or two.  An entry in use stays: its thread has the
 *     object in its hands anyway.
 *
 * Who gets an entry.  An object that has none is subtracted at its first release, on a word that its retain has just
 * brought into this processor's cache, and only leaves its mark; at the second it gets the entry, unless another object's
 * credit was filed there in between.  So a walk over many objects displaces nothing, and touches no object twice.
 *
 * A release that can see that it holds the last reference (merged, and the count is 1 and its own
 * credits) defers nothing: the object dies at once.
 *
 * Going through the tables.  Whoever looks into another thread's table takes its cache lines away, so the
 * background thread only asks, by setting hot.credits to NULL.  An active thread finds no table at its next use, comes
 * here, goes through it by itself (empties the idle entries, unmarks the others) and puts the pointer back.  One
 * that has not come by the next look is idle, perhaps for ever; its table is then taken.  One word decides who:
 *
 *      FREE  -> ASKED              background thread, after hot.credits = NULL
 *      FREE, ASKED -> ANSWERED     its thread, which goes through it now
 *      ASKED -> TAKEN              background thread, and hot.credits = NULL again
 *      ANSWERED, TAKEN -> FREE     who had it, after hot.credits = table
 *
 * All by compare-and-swap but the last, which is a release.  Only in ANSWERED and TAKEN are entries emptied, but for
 * the thread's own evictions, inside guards that read hot.credits != NULL.
 *
 * Taking.  The table belongs to its thread inside guards that read hot.credits != NULL:
 *
 *      background                               thread, in a guard
 *      hot.credits = NULL                       credits = hot.credits     (acquire)
 *      op-grace                                 NULL: count atomically, defer nothing
 *      empties the entries                      else: use the table
 *      hot.credits = table        (release)
 *      subtracts
 *
 * The op-grace ends the guards that read the pointer before it was taken; the release and the acquire
 * order the emptied entries before the thread's next use (with a relaxed load, a processor may use
 * an entry as it was before, and a subtracted credit twice).  A record does not end while its table is taken.
 *
 * Entries keep their object with 0 credits: as long as one is there, the background thread is awake (they go
 * when they are idle), so only the making of an entry has to look whether it sleeps.  Such an entry holds
 * nothing; the object may be gone, and another one may be at its place.
 *
 * Progress: filing and taking back are wait-free.
 */
#include <sched.h>

#include <leash/object.h>

#include "background.h"
#include "count.h"
#include "death.h"
#include "deferred.h"
#include "finalizers.h"
#include "points.h"
#include "probes.h"
#include "revoke.h"
#include "thread.h"

static struct leash__credit *entry_of(const struct lsh_record *record, const struct leash__header *h)
{
	struct leash__credit *credits = __atomic_load_n(&record->hot.credits, __ATOMIC_ACQUIRE);
	struct leash__credit *entry;

	if (!credits)
		return NULL;
	entry = leash__credit_of(credits, h);
	return __atomic_load_n(&entry->header, __ATOMIC_RELAXED) == h ? entry : NULL;
}

uint32_t lsh_credit_count(const struct lsh_record *record, const struct leash__header *h)
{
	const struct leash__credit *entry = entry_of(record, h);

	return entry ? __atomic_load_n(&entry->count, __ATOMIC_RELAXED) : 0;
}

uint32_t lsh_credit_take(struct lsh_record *record, const struct leash__header *h)
{
	struct leash__credit *entry = entry_of(record, h);
	uint32_t count;

	if (!entry)
		return 0;
	count = __atomic_load_n(&entry->count, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->count, 0, __ATOMIC_RELAXED);
	return count;
}

/* Empties an entry; the caller owns the table. */
static struct leash__header *empty(struct leash__credit *entry, uint32_t *count)
{
	struct leash__header *h = __atomic_load_n(&entry->header, __ATOMIC_RELAXED);

	*count = __atomic_load_n(&entry->count, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->header, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->count, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->recent, 0, __ATOMIC_RELAXED);
	return h;
}

/* Subtracts credits that have left their entry. */
static enum lsh_outcome subtract(struct leash__header *h, uint32_t count)
{
	struct lsh_record *record = lsh_begin_with(h);
	enum lsh_outcome outcome = lsh_apply(record, h, count);

	if (outcome == LSH_DIED) {
		LSH_COUNT(record, deaths_deferred);
		LSH_PROBE_DEATH(h, "deferred");
		lsh_strike(record, h);
	}
	lsh_end(record);
	return outcome;
}

static void settle(struct leash__header *h, enum lsh_outcome outcome)
{
	if (outcome == LSH_DIED)
		lsh_bury(h, false);
	else if (outcome == LSH_PENDED)
		lsh_pending_add(h);
}

/* Empties one of this thread's own entries, in a guard of its own: guards are short. */
static void flush_entry(struct lsh_record *record, struct leash__credit *entry)
{
	struct leash__header *h;
	uint32_t count;

	leash__enter(&record->hot);
	h = empty(entry, &count);
	leash__leave(&record->hot);
	if (!h || !count)
		return;
	LSH_POINT("flush: emptied");
	settle(h, subtract(h, count));
}

static unsigned state_of(const struct lsh_record *record)
{
	return __atomic_load_n(&record->deferred.state, __ATOMIC_ACQUIRE);
}

static void hand_back(struct lsh_record *record, bool used)
{
	__atomic_store_n(&record->deferred.used, used, __ATOMIC_RELAXED);
	/* Before FREE: afterwards the pointer may be taken away again at any time. */
	__atomic_store_n(&record->hot.credits, record->deferred.table, __ATOMIC_RELEASE);
	__atomic_store_n(&record->deferred.state, LSH_TABLE_FREE, __ATOMIC_RELEASE);
}

/* Goes through this thread's own table, unless the background thread has it, or it is being gone through. */
static void go_through(struct lsh_record *record, bool all)
{
	unsigned state = state_of(record), i;
	bool used = false;

	do
		if (state == LSH_TABLE_ANSWERED || state == LSH_TABLE_TAKEN)
			return;
	while (!__atomic_compare_exchange_n(&record->deferred.state, &state, LSH_TABLE_ANSWERED, false,
					    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	LSH_POINT("deferred: answer");
	for (i = 0; i < LEASH__CREDITS; i++) {
		struct leash__credit *entry = &record->deferred.table[i];

		if (!__atomic_load_n(&entry->header, __ATOMIC_RELAXED))
			continue;
		if (all || !(__atomic_load_n(&entry->recent, __ATOMIC_RELAXED) & LEASH__CREDIT_RECENT)) {
			flush_entry(record, entry);
		} else {
			__atomic_store_n(&entry->recent, 0, __ATOMIC_RELAXED);
			used = true;
		}
	}
	hand_back(record, used);
}

void lsh_deferred_answer(struct lsh_record *record)
{
	go_through(record, false);
}

void lsh_deferred_flush(struct lsh_record *record)
{
	record->deferred.filed = 0;
	/* Who hands the table back says so before it is FREE again: entries may have been made meanwhile. */
	while (__atomic_load_n(&record->deferred.used, __ATOMIC_RELAXED) &&
	       state_of(record) != LSH_TABLE_ANSWERED) {
		LSH_COUNT(record, flushes);
		go_through(record, true);
		if (state_of(record) == LSH_TABLE_TAKEN)
			sched_yield();
	}
}

bool lsh_deferred_any(void)
{
	struct lsh_record *record;
	bool any = false;

	lsh_lock(&lsh_registry);
	for (record = lsh_records(); record && !any; record = record->next)
		any = __atomic_load_n(&record->deferred.used, __ATOMIC_RELAXED);
	lsh_unlock(&lsh_registry);
	return any;
}

/* What has left its tables and has not been subtracted yet; under lsh_pass. */
#define TAKEN (2 * LEASH__CREDITS)
static struct taken {
	struct leash__header *header;
	uint32_t count;
} taken[TAKEN];

/* Empties a table that was taken and hands it back. */
static size_t drain(struct lsh_record *record, size_t number)
{
	unsigned i;

	for (i = 0; i < LEASH__CREDITS; i++) {
		struct leash__credit *entry = &record->deferred.table[i];

		if (!__atomic_load_n(&entry->header, __ATOMIC_RELAXED))
			continue;
		taken[number].header = empty(entry, &taken[number].count);
		number += taken[number].count != 0;
	}
	record->deferred.owed = true;
	LSH_POINT("take over: emptied");
	hand_back(record, false);
	return number;
}

static void apply_taken(size_t number)
{
	size_t i;

	for (i = 0; i < number; i++)
		settle(taken[i].header, subtract(taken[i].header, taken[i].count));
}

static void nothing_owed(void)
{
	struct lsh_record *record;

	for (record = lsh_records(); record; record = record->next)
		if (state_of(record) != LSH_TABLE_TAKEN)
			record->deferred.owed = false;
}

static bool change_state(struct lsh_record *record, unsigned from, unsigned to)
{
	return __atomic_compare_exchange_n(&record->deferred.state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Takes a table that was asked for, and asks for one that was not; true if it is taken. */
static bool take_or_ask(struct lsh_record *record, bool all)
{
	bool mine = change_state(record, LSH_TABLE_ASKED, LSH_TABLE_TAKEN);

	__atomic_store_n(&record->hot.credits, NULL, __ATOMIC_RELAXED);
	LSH_POINT("deferred: no table");
	if (mine)
		return true;
	if (!change_state(record, LSH_TABLE_FREE, LSH_TABLE_ASKED)) {
		/* Its thread goes through it, and may have put the pointer back already. */
		__atomic_store_n(&record->hot.credits, record->deferred.table, __ATOMIC_RELEASE);
		return false;
	}
	return all && take_or_ask(record, false);
}

bool lsh_deferred_take_over(bool all)
{
	struct lsh_record *record;
	size_t number = 0;
	bool any = false, tables = false;

	lsh_lock(&lsh_registry);
	for (record = lsh_records(); record; record = record->next) {
		if (!__atomic_load_n(&record->deferred.used, __ATOMIC_RELAXED))
			continue;
		any = true;
		tables |= take_or_ask(record, all);
	}
	if (tables) {
		LSH_POINT("take over: taken");
		lsh_op_grace_locked();
	}
	for (record = lsh_records(); record;) {
		if (state_of(record) == LSH_TABLE_TAKEN && number + LEASH__CREDITS <= TAKEN)
			number = drain(record, number);
		if (state_of(record) == LSH_TABLE_TAKEN) {
			/* No room: make some, without the lock, and look again from the start. */
			lsh_unlock(&lsh_registry);
			apply_taken(number);
			number = 0;
			lsh_lock(&lsh_registry);
			nothing_owed();
			record = lsh_records();
		} else {
			record = record->next;
		}
	}
	lsh_unlock(&lsh_registry);
	if (tables) {
		apply_taken(number);
		lsh_lock(&lsh_registry);
		nothing_owed();
		lsh_unlock(&lsh_registry);
	}
	return any;
}

void leash_flush(void)
{
	struct lsh_record *record = lsh_record();
	bool owed = false;

	if (record) {
		lsh_deferred_flush(record);
		lsh_limbo_empty(record);
		lsh_lock(&lsh_registry);
		owed = record->deferred.owed;
		lsh_unlock(&lsh_registry);
	}
	if (owed) {
		/* The rest is in the background thread's hands: wait for the end of its pass. */
		lsh_lock(&lsh_pass);
		lsh_unlock(&lsh_pass);
	}
	lsh_finalizers_help();
}
