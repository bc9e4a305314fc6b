/* The queue of deferred decrements: see deferred.c. */
#ifndef LSH_DEFERRED_H
#define LSH_DEFERRED_H

#include <stdbool.h>
#include <leash/abi.h>

struct lsh_record;

struct lsh_deferred {
	struct leash__credit table[LEASH__CREDITS];
	uint32_t filed; /* entries made since the last flush */
	bool used;      /* there may be entries; cleared only in the states ANSWERED and TAKEN */
	unsigned state; /* see deferred.c */
	bool owed;      /* credits have left the table and are not subtracted yet; under the registry's lock */
};

enum { LSH_TABLE_FREE, LSH_TABLE_ASKED, LSH_TABLE_ANSWERED, LSH_TABLE_TAKEN };

/* Entries a thread may make before it flushes its own table. */
#define LSH_FILED_MAX 4096

/* What this thread has deferred of that object.  In its guard. */
uint32_t lsh_credit_count(const struct lsh_record *record, const struct leash__header *h);

/* Whether an object that has no entry is to have one, in place of the one that stands there: at the second time that
 * it asks without the other having been filed into.  In its guard. */
static inline bool lsh_credit_admits(struct leash__credit *entry, const struct leash__header *h)
{
	uint32_t recent = __atomic_load_n(&entry->recent, __ATOMIC_RELAXED);
	uint32_t asks = (uint32_t)(uintptr_t)h & ~LEASH__CREDIT_RECENT;

	if ((recent & ~LEASH__CREDIT_RECENT) == asks)
		return true;
	__atomic_store_n(&entry->recent, asks | (recent & LEASH__CREDIT_RECENT), __ATOMIC_RELAXED);
	return false;
}

/* Takes back what this thread has deferred of that object, and returns the number.  In its guard. */
uint32_t lsh_credit_take(struct lsh_record *record, const struct leash__header *h);

/* For a thread whose table was asked for: goes through it.  Outside guards. */
void lsh_deferred_answer(struct lsh_record *record);

/* Subtracts everything this thread has deferred.  Outside guards. */
void lsh_deferred_flush(struct lsh_record *record);

/* Subtracts what all threads have deferred, without their help; entries in use only if `all`.  Returns whether
 * there were any entries.  The caller holds lsh_pass. */
bool lsh_deferred_take_over(bool all);

/* Whether any thread has an entry in its table; exact after an op-grace. */
bool lsh_deferred_any(void);

#endif
