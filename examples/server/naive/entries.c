/* The entries of maps: adding, and walking over them. */
#include "entries.h"

bool naive_entry_add(struct naive_table *table, uint64_t hash, leash_key key, void *value)
{
	struct naive_entry *entry = malloc(sizeof(*entry) + key.number);

	if (!entry)
		return false;
	entry->value = value;
	entry->length = key.number;
	memcpy(entry->key, key.bytes, key.number);
	naive_table_add(table, hash, entry);
	return true;
}

struct found {
	void *value;
	leash_key key; /* its bytes are behind all found */
};

/* Room for all entries and the bytes of their keys. */
static struct found *room_for(const struct naive_table *table)
{
	size_t bytes = 0;

	for (size_t i = 0; i <= table->mask; i++) {
		const struct naive_entry *entry = table->places[i].entry;

		bytes += entry ? sizeof(struct found) + entry->length : 0;
	}
	return malloc(bytes);
}

/* How many.  The caller has the lock. */
static size_t copy(const struct naive_table *table, void *(*hold)(const void *value), struct found **all)
{
	struct found *found;
	size_t number = 0;
	char *bytes;

	if (!table->number || !(*all = found = room_for(table)))
		return 0;
	bytes = (char *)(found + table->number);
	for (size_t i = 0; i <= table->mask; i++) {
		const struct naive_entry *entry = table->places[i].entry;
		void *value = entry ? hold(entry->value) : NULL;

		if (!value)
			continue;
		memcpy(bytes, entry->key, entry->length);
		found[number++] = (struct found){ value, { bytes, entry->length } };
		bytes += entry->length;
	}
	return number;
}

void naive_entries_each(naive_lock *lock, const struct naive_table *table, void *(*hold)(const void *value), leash_map_fn *fn,
			void *arg)
{
	struct found *found = NULL;
	size_t number;
	bool goes_on = true;

	naive_lock_take(lock);
	number = copy(table, hold, &found);
	naive_lock_give(lock);
	for (size_t i = 0; i < number; i++) {
		goes_on = goes_on && fn(found[i].key, found[i].value, arg);
		naive_release(found[i].value);
	}
	free(found);
}
