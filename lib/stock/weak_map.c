/* Maps with weak values, for all threads at once: caches, registries, tables of interned things.
 *
 * An entry is alive as long as its value is (watched.c), and lookups do not see dead ones.  So the value that
 * is got is what a weak load makes of the one live entry; and to insert where there is none succeeds for one
 * of all threads that try, whatever dead entries of the key are still about to go.
 *
 * Progress: get is lock-free; the others are but for malloc and the making and cancelling of watches.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>

#include "watched.h"

struct leash_weak_map {
	struct lsh_watching watching;
};

static const leash_type weak_map_type = {
	.name = "leash_weak_map",
	.size = sizeof(struct leash_weak_map),
	.flags = LEASH_WEAKABLE,
	.destroy = lsh_watching_destroy,
};

leash_weak_map *leash_weak_map_new(void)
{
	return lsh_watching_new(&weak_map_type, &lsh_watched_kind);
}

/* The live value that is there, or NULL; `added` tells whether that is because the fresh entry is there now. */
static void *find_or_add(struct lsh_table *table, struct lsh_entry *fresh, bool *added)
{
	struct lsh_entry *entry;
	void *value;

	lsh_table_read_lock();
	entry = lsh_table_add(table, fresh);
	*added = !entry;
	value = entry ? lsh_watched_load(entry) : NULL;
	lsh_table_read_unlock();
	return value;
}

void *leash_weak_map_get(const leash_weak_map *map, leash_key key)
{
	void *value;

	lsh_table_read_lock();
	value = lsh_table_load(map->watching.table, key, lsh_watched_load);
	lsh_table_read_unlock();
	return value;
}

void *leash_weak_map_get_or_insert(leash_weak_map *map, leash_key key, const void *value)
{
	struct lsh_entry *fresh;
	bool added;
	void *found = leash_weak_map_get(map, key);

	if (found)
		return found;
	fresh = lsh_watched_new(&map->watching, key, value);
	if (!fresh)
		return NULL;
	/* What is found and dies before it is loaded is not found again. */
	do
		found = find_or_add(map->watching.table, fresh, &added);
	while (!found && !added);
	if (added) {
		lsh_table_grow(map->watching.table);
		return leash_retain((void *)(uintptr_t)value);
	}
	lsh_watched_discard(&lsh_watched_kind, fresh);
	return found;
}

int leash_weak_map_set(leash_weak_map *map, leash_key key, const void *value)
{
	struct lsh_entry *fresh = lsh_watched_new(&map->watching, key, value), *old;

	if (!fresh)
		return -errno;
	lsh_table_read_lock();
	old = lsh_table_replace(map->watching.table, fresh);
	lsh_table_read_unlock();
	if (old)
		lsh_watched_replaced(&map->watching, old);
	else
		lsh_table_grow(map->watching.table);
	return 0;
}

bool leash_weak_map_remove(leash_weak_map *map, leash_key key)
{
	return lsh_watched_remove(&map->watching, key);
}

size_t leash_weak_map_size(const leash_weak_map *map)
{
	return lsh_table_count(map->watching.table);
}

struct each {
	leash_map_fn *fn;
	void *arg;
};

static bool call(struct lsh_entry *entry, void *arg)
{
	const struct each *each = arg;
	void *value = __atomic_load_n(&entry->ended, __ATOMIC_ACQUIRE) ? NULL : lsh_watched_load(entry);
	bool going = true;

	if (value)
		going = each->fn(lsh_entry_key(entry), value, each->arg);
	leash_release(value);
	return going;
}

void leash_weak_map_each(const leash_weak_map *map, leash_map_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	/* fn may give up what the caller holds. */
	leash_retain(map);
	lsh_table_walk(map->watching.table, call, &each);
	leash_release(map);
}
