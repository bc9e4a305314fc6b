/* Hash tables with open addressing: what all maps and sets have under their lock.
 *
 * A place has the whole hash beside the entry, so that a lookup touches the one entry it looks for, and growing none.  At
 * most half of the places are taken, and whoever finds his place taken stands behind (linear probing): most lookups
 * read one cache line of the table.  What is taken out leaves no mark; those behind it move up.
 */
#ifndef SERVER_NAIVE_TABLE_H
#define SERVER_NAIVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct naive_place {
	uint64_t hash;
	void *entry; /* NULL: free */
};

/* Zero-initialised: empty. */
struct naive_table {
	size_t number; /* of entries; written under the lock, and read without it */
	size_t mask;   /* of places, less one */
	struct naive_place *places;
};

typedef bool naive_same_fn(const void *entry, const void *key);

/* The place of the key's entry, or NULL. */
static inline __attribute__((always_inline)) struct naive_place *naive_table_find(const struct naive_table *table,
										 uint64_t hash, naive_same_fn *same,
										 const void *key)
{
	if (!table->places)
		return NULL;
	for (size_t i = hash;; i++) {
		struct naive_place *place = &table->places[i & table->mask];

		if (!place->entry)
			return NULL;
		if (place->hash == hash && same(place->entry, key))
			return place;
	}
}

static inline size_t naive_table_number(const struct naive_table *table)
{
	return __atomic_load_n(&table->number, __ATOMIC_RELAXED);
}

/* Whether an entry more needs more places. */
static inline bool naive_table_is_full(const struct naive_table *table)
{
	return !table->places || table->number > table->mask / 2;
}

/* Doubles the places.  False without memory. */
bool naive_table_grow(struct naive_table *table);

/* Adds an entry whose key is not there to a table that is not full. */
void naive_table_add(struct naive_table *table, uint64_t hash, void *entry);

/* Takes the entry out. */
void naive_table_remove(struct naive_table *table, struct naive_place *place);

/* Takes out each entry that fn says true of; fn has freed it. */
void naive_table_sweep(struct naive_table *table, bool (*fn)(void *entry));

/* Makes room for an entry more: by a sweep, if that gives much, or else by growing. */
bool naive_table_make_room(struct naive_table *table, bool (*fn)(void *entry));

#endif
