/* Maps with strong values: a hash table under a lock. */
#include "entries.h"

struct leash_map {
	naive_lock lock;
	struct naive_table table;
	size_t unused[2];
};

_Static_assert(sizeof(struct naive_header) + sizeof(struct leash_map) == 64,
	       "jemalloc gives each map a cache line of its own, so that threads at different maps do not disturb each other");

/* Entries whose map is dead and whose values are still to be released.  These may have maps themselves, which then leave their
 * entries here; so chains of maps die in constant stack space. */
static __thread struct naive_entry *left;
static __thread bool is_releasing;

static void release_left(void)
{
	if (is_releasing)
		return;
	is_releasing = true;
	while (left) {
		struct naive_entry *entry = left;
		void *value = entry->value;

		left = entry->next;
		free(entry);
		naive_release(value);
	}
	is_releasing = false;
}

/* A table that nobody else can reach any more. */
static void release_all(struct naive_table *table)
{
	for (size_t i = 0; table->number; i++) {
		struct naive_entry *entry = table->places[i].entry;

		if (!entry)
			continue;
		table->number--;
		entry->next = left;
		left = entry;
	}
	free(table->places);
	release_left();
}

static void destroy(void *object)
{
	leash_map *map = object;

	release_all(&map->table);
}

static const leash_type map_type = {
	.name = "leash_map",
	.size = sizeof(struct leash_map),
	.destroy = destroy,
};

leash_map *leash_map_new(void)
{
	return leash_new(&map_type);
}

static naive_lock *lock_of(const leash_map *map)
{
	return (naive_lock *)(uintptr_t)&map->lock;
}

void *leash_map_get(const leash_map *map, leash_key key)
{
	uint64_t hash = naive_hash(key);
	struct naive_entry *entry;
	void *value = NULL;

	naive_lock_take(lock_of(map));
	entry = naive_entry_find(&map->table, hash, key);
	if (entry)
		value = naive_retain(entry->value);
	naive_lock_give(lock_of(map));
	return value;
}

static bool add(struct naive_table *table, uint64_t hash, leash_key key, const void *value)
{
	if (naive_table_is_full(table) && !naive_table_grow(table))
		return false;
	if (!naive_entry_add(table, hash, key, (void *)(uintptr_t)value))
		return false;
	naive_retain(value);
	return true;
}

/* The key's value, no longer in the map; NULL: it has none, or not the one that is wanted, of which NULL is any. */
static void *take_out(leash_map *map, leash_key key, const void *wanted)
{
	uint64_t hash = naive_hash(key);
	struct naive_entry *entry = NULL;
	struct naive_place *place;
	void *value = NULL;

	naive_lock_take(&map->lock);
	place = naive_table_find(&map->table, hash, naive_entry_is, &key);
	if (place && (!wanted || ((struct naive_entry *)place->entry)->value == wanted)) {
		entry = place->entry;
		naive_table_remove(&map->table, place);
	}
	naive_lock_give(&map->lock);
	if (entry)
		value = entry->value;
	free(entry);
	return value;
}

int leash_map_exchange(leash_map *map, leash_key key, const void *value, void **old)
{
	uint64_t hash = naive_hash(key);
	struct naive_entry *entry;
	int error = 0;

	*old = NULL;
	if (!value) {
		*old = take_out(map, key, NULL);
		return 0;
	}
	naive_lock_take(&map->lock);
	entry = naive_entry_find(&map->table, hash, key);
	if (entry) {
		*old = entry->value;
		entry->value = naive_retain(value);
	} else if (!add(&map->table, hash, key, value)) {
		error = -ENOMEM;
	}
	naive_lock_give(&map->lock);
	return error;
}

int leash_map_set(leash_map *map, leash_key key, const void *value)
{
	void *old;
	int error = leash_map_exchange(map, key, value, &old);

	naive_release(old);
	return error;
}

bool leash_map_remove(leash_map *map, leash_key key)
{
	void *value = take_out(map, key, NULL);

	naive_release(value);
	return value != NULL;
}

bool leash_map_remove_if(leash_map *map, leash_key key, const void *value)
{
	void *removed = value ? take_out(map, key, value) : NULL;

	naive_release(removed);
	return removed != NULL;
}

size_t leash_map_size(const leash_map *map)
{
	return naive_table_number(&map->table);
}

void leash_map_each(const leash_map *map, leash_map_fn *fn, void *arg)
{
	naive_entries_each(lock_of(map), &map->table, naive_retain, fn, arg);
}

void leash_map_clear(leash_map *map)
{
	struct naive_table table;

	naive_lock_take(&map->lock);
	table = map->table;
	map->table.places = NULL;
	map->table.mask = 0;
	__atomic_store_n(&map->table.number, 0, __ATOMIC_RELAXED);
	naive_lock_give(&map->lock);
	release_all(&table);
}
