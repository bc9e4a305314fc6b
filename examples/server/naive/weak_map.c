/* Maps with weak values: a hash table under a lock.  Entries whose values have died are taken out when there is no room for
 * another, and when it is counted how many there are. */
#include "entries.h"

struct leash_weak_map {
	naive_lock lock;
	struct naive_table table;
};

static bool forget(void *entry)
{
	struct naive_entry *e = entry;

	naive_weak_drop(e->value);
	free(e);
	return true;
}

static bool forget_dead(void *entry)
{
	return naive_weak_expired(((struct naive_entry *)entry)->value) && forget(entry);
}

static void destroy(void *object)
{
	leash_weak_map *map = object;

	naive_table_sweep(&map->table, forget);
	free(map->table.places);
}

static const leash_type weak_map_type = {
	.name = "leash_weak_map",
	.size = sizeof(struct leash_weak_map),
	.destroy = destroy,
};

leash_weak_map *leash_weak_map_new(void)
{
	return leash_new(&weak_map_type);
}

static naive_lock *lock_of(const leash_weak_map *map)
{
	return (naive_lock *)(uintptr_t)&map->lock;
}

void *leash_weak_map_get(const leash_weak_map *map, leash_key key)
{
	uint64_t hash = naive_hash(key);
	struct naive_entry *entry;
	void *value = NULL;

	naive_lock_take(lock_of(map));
	entry = naive_entry_find(&map->table, hash, key);
	if (entry)
		value = naive_weak_load(entry->value);
	naive_lock_give(lock_of(map));
	return value;
}

/* The caller has the lock, and the key no entry. */
static bool add(struct naive_table *table, uint64_t hash, leash_key key, const void *value)
{
	if (!naive_table_make_room(table, forget_dead) ||
	    !naive_entry_add(table, hash, key, (void *)(uintptr_t)value))
		return false;
	naive_weak_hold(value);
	return true;
}

void *leash_weak_map_get_or_insert(leash_weak_map *map, leash_key key, const void *value)
{
	uint64_t hash = naive_hash(key);
	struct naive_entry *entry;
	void *there = NULL;

	naive_lock_take(&map->lock);
	entry = naive_entry_find(&map->table, hash, key);
	if (entry) {
		there = naive_weak_load(entry->value);
		if (!there) {
			naive_weak_drop(entry->value);
			entry->value = naive_weak_hold(value);
			there = naive_retain(value);
		}
	} else if (add(&map->table, hash, key, value)) {
		there = naive_retain(value);
	} else {
		errno = ENOMEM;
	}
	naive_lock_give(&map->lock);
	return there;
}

/* In time that grows with the number of entries: who asks is INFO. */
size_t leash_weak_map_size(const leash_weak_map *map)
{
	struct naive_table *table = (struct naive_table *)(uintptr_t)&map->table;
	size_t number;

	naive_lock_take(lock_of(map));
	naive_table_sweep(table, forget_dead);
	number = table->number;
	naive_lock_give(lock_of(map));
	return number;
}
