/* Maps with weak keys and strong values, for all threads at once: data attached to an object from outside.
 *
 * Keys are objects, found by their address as in a weak set (weak_set.c).  The value is in a slot, as in a map
 * (map.c), and the key's watch empties it; so the value is released when the key dies.
 *
 * Whoever ends the entry (watched.c) exchanges its value for NULL afterwards.  While there is a value and the
 * key lives, the entry is alive; so to set what is there already replaces one value by another, on the
 * condition that there is one.
 *
 * The collector, and the death of the map, go through the table as through that of a map.  A watch that found the map
 * alive holds it until it is done with the entry, and one that did not leaves the value alone: values that are
 * released with the map, or severed with it as garbage, are taken by nobody else.
 *
 * Progress: get is lock-free; the others are but for malloc and the making and cancelling of watches.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>

#include "../see/debugger.h"
#include "watched.h"

struct leash_key_map {
	struct lsh_watching watching;
};

/* What stands in front of an entry. */
struct front {
	leash_slot value;
	struct lsh_watched watched;
};

#define FRONT (offsetof(struct front, watched) + LSH_WATCHED_FRONT)

static leash_slot *value_of(const struct lsh_entry *entry)
{
	return &((struct front *)((uintptr_t)entry - FRONT))->value;
}

static bool is_alive(const struct lsh_entry *entry)
{
	return leash_slot_peek(value_of(entry)) != NULL && lsh_watched_is_alive(entry);
}

static void free_retired(struct lsh_retired *retired);
static struct lsh_retired_kind retired_entries = { .free_fn = free_retired };
static void died(void *entry);

static const struct lsh_table_kind kind = {
	.front = FRONT,
	.is_alive = is_alive,
	.clear = lsh_watched_clear,
	.retired = &retired_entries,
	.died = died,
};

static void free_retired(struct lsh_retired *retired)
{
	lsh_entry_let_go(&kind, lsh_entry_retired(&kind, retired));
}

/* Ends the entry, which the caller holds, and releases its value.  False if another call has. */
static bool end(struct lsh_watching *map, struct lsh_entry *entry)
{
	if (!lsh_watched_end(map, entry))
		return false;
	leash_slot_clear(value_of(entry));
	return true;
}

static void died(void *entry)
{
	struct lsh_watching *map = lsh_watched_map(entry);

	if (map)
		end(map, entry);
	lsh_entry_let_go(&kind, entry);
	leash_release(map);
}

struct visit {
	leash_visit_fn *fn;
	void *arg;
};

static void visit_entry(struct lsh_entry *entry, void *arg)
{
	const struct visit *visit = arg;

	visit->fn(value_of(entry), visit->arg);
}

static void trace(void *object, leash_visit_fn *fn, void *arg)
{
	struct lsh_table *table = __atomic_load_n(&((struct lsh_watching *)object)->table, __ATOMIC_ACQUIRE);
	struct visit visit = { fn, arg };

	if (table)
		lsh_table_scan(table, visit_entry, &visit);
}

static const leash_type key_map_type = {
	.name = "leash_key_map",
	.size = sizeof(struct leash_key_map),
	.flags = LEASH_WEAKABLE,
	.trace = trace,
	.destroy = lsh_watching_destroy,
};

const struct lsh_map_layout lsh_key_map_layout = {
	.type = &key_map_type,
	.table = offsetof(struct leash_key_map, watching.table),
	.value = FRONT - offsetof(struct front, value),
	.objects = true,
	LSH_TABLE_LAYOUT,
};

static leash_key key_of(const void *key)
{
	return leash_key_number((uintptr_t)key);
}

leash_key_map *leash_key_map_new(void)
{
	return lsh_watching_new(&key_map_type, &kind);
}

void *leash_key_map_get(const leash_key_map *map, const void *key)
{
	struct lsh_entry *entry;
	void *value;

	lsh_table_read_lock();
	entry = lsh_table_find(map->watching.table, key_of(key));
	value = entry ? leash_slot_load(value_of(entry)) : NULL;
	lsh_table_read_unlock();
	return value;
}

enum replaced { NOT_THERE, CHANGED, REPLACED };

/* Gives the key's entry, if there is one, another value. */
static enum replaced replace(struct lsh_table *table, const void *key, const void *value)
{
	enum replaced replaced = NOT_THERE;
	struct lsh_entry *entry;
	void *old = NULL;

	lsh_table_read_lock();
	entry = lsh_table_find(table, key_of(key));
	if (entry) {
		old = leash_slot_load(value_of(entry));
		replaced = CHANGED;
		if (old && leash_slot_compare_exchange(value_of(entry), old, value))
			replaced = REPLACED;
	}
	lsh_table_read_unlock();
	leash_release(old);
	return replaced;
}

static struct lsh_entry *entry_new(struct lsh_watching *map, const void *key, const void *value)
{
	struct lsh_entry *entry = lsh_watched_new(map, key_of(key), key);

	if (entry)
		leash_slot_init(value_of(entry), value);
	return entry;
}

static void discard(struct lsh_entry *entry)
{
	leash_slot_clear(value_of(entry));
	lsh_watched_discard(&kind, entry);
}

int leash_key_map_set(leash_key_map *map, const void *key, const void *value)
{
	struct lsh_table *table = map->watching.table;
	struct lsh_entry *fresh = NULL, *other;
	enum replaced replaced;

	if (!value) {
		leash_key_map_remove(map, key);
		return 0;
	}
	for (;;) {
		replaced = replace(table, key, value);
		if (replaced == REPLACED)
			break;
		if (replaced == CHANGED)
			continue;
		if (!fresh) {
			fresh = entry_new(&map->watching, key, value);
			if (!fresh)
				return -errno;
		}
		lsh_table_read_lock();
		other = lsh_table_add(table, fresh);
		lsh_table_read_unlock();
		if (!other) {
			lsh_table_grow(table);
			return 0;
		}
	}
	if (fresh)
		discard(fresh);
	return 0;
}

bool leash_key_map_remove(leash_key_map *map, const void *key)
{
	struct lsh_entry *entry;
	bool removed;

	lsh_table_read_lock();
	entry = lsh_table_find(map->watching.table, key_of(key));
	if (entry)
		lsh_entry_hold(entry);
	lsh_table_read_unlock();
	if (!entry)
		return false;
	removed = end(&map->watching, entry);
	lsh_entry_let_go(&kind, entry);
	return removed;
}

size_t leash_key_map_size(const leash_key_map *map)
{
	return lsh_table_count(map->watching.table);
}
