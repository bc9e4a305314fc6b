/* Maps with strong values, for all threads at once.
 *
 * An entry's value is in a slot; as long as it is not NULL the entry is alive, and it becomes NULL once, by the
 * exchange of the one who removes the entry, and then takes it out of the table (table.c).  So lookups load from a
 * slot, and to set what is there already replaces one value by another, on the condition that there is one.
 *
 * The collector goes through the table in its read section.  It finds an entry once at most, since entries do not move,
 * and a reference in a slot leaves by an exchange, which touches it.  A new entry holds its value before it
 * can be found; that is no move of a reference, as the caller holds another until after the call.
 *
 * The values of a map that dies are released through its trace, and then nobody uses it any more.
 *
 * Progress: lock-free but for malloc.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>

#include "../see/debugger.h"
#include "../slot.h"
#include "table.h"

struct leash_map {
	struct lsh_table *table; /* NULL: it is being made */
};

static leash_slot *value_of(const struct lsh_entry *entry)
{
	return (leash_slot *)(uintptr_t)entry - 1;
}

static bool is_alive(const struct lsh_entry *entry)
{
	return leash_slot_peek(value_of(entry)) != NULL;
}

static void free_retired(struct lsh_retired *retired);
static struct lsh_retired_kind retired_entries = { .free_fn = free_retired };

static const struct lsh_table_kind kind = {
	.front = sizeof(leash_slot),
	.is_alive = is_alive,
	.retired = &retired_entries,
};

static void free_retired(struct lsh_retired *retired)
{
	lsh_entry_let_go(&kind, lsh_entry_retired(&kind, retired));
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
	struct lsh_table *table = __atomic_load_n(&((struct leash_map *)object)->table, __ATOMIC_ACQUIRE);
	struct visit visit = { fn, arg };

	if (table)
		lsh_table_scan(table, visit_entry, &visit);
}

static void destroy(void *object)
{
	lsh_table_retire(((struct leash_map *)object)->table);
}

static const leash_type map_type = {
	.name = "leash_map",
	.size = sizeof(struct leash_map),
	.flags = LEASH_WEAKABLE,
	.trace = trace,
	.destroy = destroy,
};

const struct lsh_map_layout lsh_map_layout = {
	.type = &map_type,
	.table = offsetof(struct leash_map, table),
	.value = sizeof(leash_slot),
	LSH_TABLE_LAYOUT,
};

leash_map *leash_map_new(void)
{
	leash_map *map = leash_new(&map_type);
	struct lsh_table *table;

	if (!map)
		return NULL;
	table = lsh_table_new(&kind);
	if (!table) {
		leash_release(map);
		errno = ENOMEM;
		return NULL;
	}
	__atomic_store_n(&map->table, table, __ATOMIC_RELEASE);
	return map;
}

void *leash_map_get(const leash_map *map, leash_key key)
{
	struct lsh_entry *entry;
	void *value;

	lsh_table_read_lock();
	entry = lsh_table_find(map->table, key);
	value = entry ? leash_slot_load(value_of(entry)) : NULL;
	lsh_table_read_unlock();
	return value;
}

/* The entry's value has just become NULL.  In a read section. */
static void leave(struct lsh_table *table, struct lsh_entry *entry)
{
	lsh_table_remove(table, entry);
	lsh_entry_retire(table, entry);
}

/* Takes the value out of the entry, and the entry out of the table: a reference, NULL if another call has.  Whoever releases it
 * does so outside: its hooks may do what nobody may in a read section. */
static void *take_out(struct lsh_table *table, struct lsh_entry *entry)
{
	void *value;

	lsh_table_read_lock();
	value = leash_slot_exchange(value_of(entry), NULL);
	if (value)
		leave(table, entry);
	lsh_table_read_unlock();
	return value;
}

/* The key's entry, held, or NULL. */
static struct lsh_entry *hold(struct lsh_table *table, leash_key key)
{
	struct lsh_entry *entry;

	lsh_table_read_lock();
	entry = lsh_table_find(table, key);
	if (entry)
		lsh_entry_hold(entry);
	lsh_table_read_unlock();
	return entry;
}

static void *take_key_out(struct lsh_table *table, leash_key key)
{
	struct lsh_entry *entry = hold(table, key);
	void *value;

	if (!entry)
		return NULL;
	value = take_out(table, entry);
	lsh_entry_let_go(&kind, entry);
	return value;
}

/* Gives the key's entry, if there is a live one, the reference to another value, and returns what was its value. */
static void *replace(struct lsh_table *table, leash_key key, const void *value)
{
	struct lsh_entry *entry;
	void *old = NULL;

	lsh_table_read_lock();
	entry = lsh_table_find(table, key);
	if (entry)
		old = lsh_slot_replace(value_of(entry), value);
	lsh_table_read_unlock();
	return old;
}

/* Adds an entry; false if another live one was faster. */
static bool add(struct lsh_table *table, struct lsh_entry *entry)
{
	struct lsh_entry *other;

	lsh_table_read_lock();
	other = lsh_table_add(table, entry);
	lsh_table_read_unlock();
	if (!other)
		lsh_table_grow(table);
	return !other;
}

static struct lsh_entry *entry_new(leash_key key, const void *value)
{
	struct lsh_entry *entry = lsh_entry_new(&kind, key);

	if (entry)
		leash_slot_init(value_of(entry), value);
	return entry;
}

static void discard(struct lsh_entry *entry)
{
	leash_slot_clear(value_of(entry));
	lsh_entry_let_go(&kind, entry);
}

/* Takes the caller's reference, whatever comes of it. */
static int put(struct lsh_table *table, leash_key key, const void *value, void **old)
{
	struct lsh_entry *fresh = NULL;

	while (!(*old = replace(table, key, value))) {
		if (!fresh)
			fresh = entry_new(key, value);
		if (!fresh || add(table, fresh)) {
			leash_release(value);
			return fresh ? 0 : -ENOMEM;
		}
	}
	if (fresh)
		discard(fresh);
	return 0;
}

int leash_map_exchange(leash_map *map, leash_key key, const void *value, void **old)
{
	if (value)
		return put(map->table, key, leash_retain(value), old);
	*old = take_key_out(map->table, key);
	return 0;
}

int leash_map_set(leash_map *map, leash_key key, const void *value)
{
	void *old;
	int error = leash_map_exchange(map, key, value, &old);

	leash_release(old);
	return error;
}

bool leash_map_remove(leash_map *map, leash_key key)
{
	void *value = take_key_out(map->table, key);

	leash_release(value);
	return value != NULL;
}

bool leash_map_remove_if(leash_map *map, leash_key key, const void *value)
{
	struct lsh_entry *entry = value ? hold(map->table, key) : NULL;
	bool removed;

	if (!entry)
		return false;
	removed = leash_slot_compare_exchange(value_of(entry), value, NULL);
	if (removed) {
		lsh_table_read_lock();
		leave(map->table, entry);
		lsh_table_read_unlock();
	}
	lsh_entry_let_go(&kind, entry);
	return removed;
}

size_t leash_map_size(const leash_map *map)
{
	return lsh_table_count(map->table);
}

struct each {
	leash_map_fn *fn;
	void *arg;
};

static bool call(struct lsh_entry *entry, void *arg)
{
	const struct each *each = arg;
	void *value = leash_slot_load(value_of(entry));
	bool going = true;

	if (value)
		going = each->fn(lsh_entry_key(entry), value, each->arg);
	leash_release(value);
	return going;
}

void leash_map_each(const leash_map *map, leash_map_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	/* fn may give up what the caller holds. */
	leash_retain(map);
	lsh_table_walk(map->table, call, &each);
	leash_release(map);
}

static bool clear_one(struct lsh_entry *entry, void *arg)
{
	leash_release(take_out(arg, entry));
	return true;
}

void leash_map_clear(leash_map *map)
{
	leash_retain(map);
	lsh_table_walk(map->table, clear_one, map->table);
	leash_release(map);
}
