/* Entries that end with the life of an object, the value of a weak map or the key of a key map.
 *
 * An entry has a weak reference to the object, and a watch of it; the entry is alive as long as the object is, and the
 * watch takes it out of the table.  So a map is never larger than what lives, and nothing has to be swept.
 *
 * Who takes it out.  A call that removes or replaces it, or the watch: whoever sets `ended` first.  He also has the
 * watch's handle to give back.
 *
 * A watch may be called when the map has died, or is garbage.  It has a weak reference to the map, too, and
 * does nothing without a strong one from there: what the map held is then a matter of the map's death, or of
 * the collector, and the entry with it.  (A map that another object's finalizer brought back from a dead cycle
 * has lost its weak references.  Entries from before that end only with the map.)
 *
 * The watch holds its entry until it has been called, or cancelled in time.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>

#include "watched.h"

void *lsh_watching_new(const leash_type *type, const struct lsh_table_kind *kind)
{
	struct lsh_watching *map = leash_new(type);
	struct lsh_table *table;

	if (!map)
		return NULL;
	table = lsh_table_new(kind);
	if (!table) {
		leash_release(map);
		errno = ENOMEM;
		return NULL;
	}
	__atomic_store_n(&map->table, table, __ATOMIC_RELEASE);
	return map;
}

/* True for one call. */
static bool claim(struct lsh_entry *entry)
{
	return !__atomic_exchange_n(&entry->ended, true, __ATOMIC_ACQ_REL);
}

static void stop_watching(const struct lsh_table_kind *kind, struct lsh_entry *entry)
{
	if (leash_watch_cancel(lsh_watched_of(entry)->watch))
		lsh_entry_let_go(kind, entry);
}

static void leave(struct lsh_entry *entry, void *kind)
{
	if (claim(entry))
		stop_watching(kind, entry);
}

void lsh_watching_destroy(void *map)
{
	struct lsh_table *table = ((struct lsh_watching *)map)->table;

	if (table)
		lsh_table_scan(table, leave, (void *)(uintptr_t)table->kind);
	lsh_table_retire(table);
}

static int point_to(struct lsh_watched *watched, const struct lsh_watching *map, const void *object)
{
	int error = leash_weak_init(&watched->object, object);

	return error ? error : leash_weak_init(&watched->map, map);
}

struct lsh_entry *lsh_watched_new(struct lsh_watching *map, leash_key key, const void *object)
{
	const struct lsh_table_kind *kind = map->table->kind;
	struct lsh_entry *entry = lsh_entry_new(kind, key);
	int error;

	if (!entry) {
		errno = ENOMEM;
		return NULL;
	}
	error = point_to(lsh_watched_of(entry), map, object);
	if (!error) {
		lsh_entry_hold(entry);
		lsh_watched_of(entry)->watch = leash_watch_add(object, kind->died, entry);
		if (lsh_watched_of(entry)->watch)
			return entry;
		error = -errno;
		lsh_entry_let_go(kind, entry);
	}
	lsh_entry_let_go(kind, entry);
	errno = -error;
	return NULL;
}

void lsh_watched_discard(const struct lsh_table_kind *kind, struct lsh_entry *entry)
{
	if (claim(entry))
		stop_watching(kind, entry);
	lsh_entry_let_go(kind, entry);
}

bool lsh_watched_is_alive(const struct lsh_entry *entry)
{
	return !leash_weak_expired(&lsh_watched_of(entry)->object);
}

void lsh_watched_clear(struct lsh_entry *entry)
{
	leash_weak_clear(&lsh_watched_of(entry)->object);
	leash_weak_clear(&lsh_watched_of(entry)->map);
}

void *lsh_watched_load(const struct lsh_entry *entry)
{
	return leash_weak_load(&lsh_watched_of(entry)->object);
}

bool lsh_watched_end(struct lsh_watching *map, struct lsh_entry *entry)
{
	bool mine = claim(entry);

	if (!mine)
		return false;
	lsh_table_read_lock();
	if (lsh_table_remove(map->table, entry))
		lsh_entry_retire(map->table, entry);
	lsh_table_read_unlock();
	stop_watching(map->table->kind, entry);
	return true;
}

void lsh_watched_replaced(struct lsh_watching *map, struct lsh_entry *entry)
{
	/* Or else the watch finds that it is out already. */
	if (claim(entry))
		stop_watching(map->table->kind, entry);
	lsh_entry_retire(map->table, entry);
}

struct lsh_watching *lsh_watched_map(const struct lsh_entry *entry)
{
	return leash_weak_load(&lsh_watched_of(entry)->map);
}

static void free_retired(struct lsh_retired *retired)
{
	lsh_entry_let_go(&lsh_watched_kind, lsh_entry_retired(&lsh_watched_kind, retired));
}

static struct lsh_retired_kind retired_entries = { .free_fn = free_retired };

static void died(void *entry)
{
	struct lsh_watching *map = lsh_watched_map(entry);

	if (map)
		lsh_watched_end(map, entry);
	lsh_entry_let_go(&lsh_watched_kind, entry);
	leash_release(map);
}

const struct lsh_table_kind lsh_watched_kind = {
	.front = LSH_WATCHED_FRONT,
	.is_alive = lsh_watched_is_alive,
	.clear = lsh_watched_clear,
	.retired = &retired_entries,
	.died = died,
};

bool lsh_watched_remove(struct lsh_watching *map, leash_key key)
{
	struct lsh_entry *entry;
	bool removed;

	lsh_table_read_lock();
	entry = lsh_table_find(map->table, key);
	if (entry)
		lsh_entry_hold(entry);
	lsh_table_read_unlock();
	if (!entry)
		return false;
	removed = lsh_watched_end(map, entry);
	lsh_entry_let_go(&lsh_watched_kind, entry);
	return removed;
}
