/* The entries of maps, strong and weak: a value and a copy of the key. */
#ifndef SERVER_NAIVE_ENTRIES_H
#define SERVER_NAIVE_ENTRIES_H

#include <string.h>

#include "counted.h"
#include "hash.h"
#include "lock.h"
#include "table.h"

struct naive_entry {
	void *value;
	union {
		size_t length;            /* of the key */
		struct naive_entry *next; /* of those whose map is dead */
	};
	char key[];
};

static inline bool naive_entry_is(const void *entry, const void *key)
{
	const struct naive_entry *e = entry;
	const leash_key *k = key;

	return e->length == k->number && memcmp(e->key, k->bytes, e->length) == 0;
}

/* The key's entry, or NULL. */
static inline struct naive_entry *naive_entry_find(const struct naive_table *table, uint64_t hash, leash_key key)
{
	struct naive_place *place = naive_table_find(table, hash, naive_entry_is, &key);

	return place ? place->entry : NULL;
}

/* Adds an entry to a table that is not full; false without memory. */
bool naive_entry_add(struct naive_table *table, uint64_t hash, leash_key key, void *value);

/* Calls fn with all that hold() gives a reference of; those it gives NULL for are left out.  The lock is held while they
 * are copied, and not any more while fn runs. */
void naive_entries_each(naive_lock *lock, const struct naive_table *table, void *(*hold)(const void *value), leash_map_fn *fn,
			void *arg);

#endif
