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
 *   - by the background thread, without the thread's help, when nothing has been filed into the entry between two
 *     of its looks, a millisecond or two.  An entry in use stays: its thread has the object in its hands
 *     anyway.
 *
 * A release that can see that it holds the last reference (merged, and the count is 1 and its own
 * credits) defers nothing: the object dies at once.
 *
 * Taking over.  The table belongs to its thread inside guards that read hot.credits != NULL:
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
 * Entries keep their object with 0 credits: as long as one is there, the background thread is awake (it
 * clears them when it empties the table), so only the making of an entry has to look whether it
 * sleeps.  Such an entry holds nothing; the object may be gone, and another one may be at its place.
 *
 * Progress: filing and taking back are wait-free.
 */
#include <leash/object.h>

#include "background.h"
#include "count.h"
#include "death.h"
#include "deferred.h"
#include "finalizers.h"
#include "points.h"
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

void lsh_deferred_flush(struct lsh_record *record)
{
	unsigned i;

	record->deferred.filed = 0;
	if (!__atomic_load_n(&record->deferred.used, __ATOMIC_RELAXED))
		return;
	LSH_COUNT(record, flushes);
	for (i = 0; i < LEASH__CREDITS; i++) {
		struct leash__credit *credits;
		struct leash__header *h = NULL;
		enum lsh_outcome outcome = LSH_ALIVE;
		uint32_t count = 0;

		if (!__atomic_load_n(&record->deferred.table[i].header, __ATOMIC_RELAXED))
			continue;
		/* One guard an entry: guards are short. */
		leash__enter(&record->hot);
		credits = __atomic_load_n(&record->hot.credits, __ATOMIC_ACQUIRE);
		if (credits)
			h = empty(&credits[i], &count);
		if (h && count) {
			LSH_POINT("flush: emptied");
			outcome = lsh_apply(h, count);
			if (outcome == LSH_DIED)
				LSH_COUNT(record, deaths_deferred);
		}
		leash__leave(&record->hot);
		if (outcome == LSH_DIED)
			lsh_bury(h, false);
		else if (outcome == LSH_PENDED)
			lsh_pending_add(h);
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

/* Whether a table holds entries that nothing has been filed into since the last look.  The thread may be using it:
 * a mark it makes just now may be lost, and the entry be emptied a little early. */
static bool has_idle_entries(struct lsh_record *record)
{
	bool idle = false;
	unsigned i;

	for (i = 0; i < LEASH__CREDITS; i++) {
		struct leash__credit *entry = &record->deferred.table[i];

		if (!__atomic_load_n(&entry->header, __ATOMIC_RELAXED))
			continue;
		if (__atomic_load_n(&entry->recent, __ATOMIC_RELAXED))
			__atomic_store_n(&entry->recent, 0, __ATOMIC_RELAXED);
		else
			idle = true;
	}
	return idle;
}

/* Empties a table that was taken, but for the entries that came into use again, and hands it back. */
static size_t drain(struct lsh_record *record, size_t number, bool all)
{
	bool used = false;
	unsigned i;

	for (i = 0; i < LEASH__CREDITS; i++) {
		struct leash__credit *entry = &record->deferred.table[i];

		if (!__atomic_load_n(&entry->header, __ATOMIC_RELAXED))
			continue;
		if (!all && __atomic_load_n(&entry->recent, __ATOMIC_RELAXED)) {
			used = true;
			continue;
		}
		taken[number].header = empty(entry, &taken[number].count);
		number += taken[number].count != 0;
	}
	LSH_POINT("take over: emptied");
	__atomic_store_n(&record->deferred.used, used, __ATOMIC_RELAXED);
	record->deferred.taken = false;
	__atomic_store_n(&record->hot.credits, record->deferred.table, __ATOMIC_RELEASE);
	return number;
}

static void apply_taken(size_t number)
{
	struct lsh_record *self = lsh_record();
	size_t i;

	for (i = 0; i < number; i++) {
		struct leash__header *h = taken[i].header;

		switch (lsh_apply(h, taken[i].count)) {
		case LSH_ALIVE:
			break;
		case LSH_DIED:
			if (self)
				LSH_COUNT(self, deaths_deferred);
			lsh_bury(h, false);
			break;
		case LSH_PENDED:
			lsh_pending_add(h);
			break;
		}
	}
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
		if (!has_idle_entries(record) && !all)
			continue;
		tables = record->deferred.taken = true;
		__atomic_store_n(&record->hot.credits, NULL, __ATOMIC_RELAXED);
	}
	if (tables) {
		LSH_POINT("take over: taken");
		lsh_op_grace_locked();
	}
	for (record = lsh_records(); record;) {
		if (record->deferred.taken && number + LEASH__CREDITS <= TAKEN)
			number = drain(record, number, all);
		if (record->deferred.taken) {
			/* No room: make some, without the lock, and look again from the start. */
			lsh_unlock(&lsh_registry);
			apply_taken(number);
			number = 0;
			lsh_lock(&lsh_registry);
			record = lsh_records();
		} else {
			record = record->next;
		}
	}
	lsh_unlock(&lsh_registry);
	apply_taken(number);
	return any;
}

void leash_flush(void)
{
	struct lsh_record *record = lsh_record();

	if (record)
		lsh_deferred_flush(record);
	lsh_finalizers_help();
}
