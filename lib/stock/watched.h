/* Entries that end with the life of an object: see watched.c. */
#ifndef LSH_WATCHED_H
#define LSH_WATCHED_H

#include <leash/weak.h>
#include "../track.h"
#include "table.h"

/* What the maps that have such entries begin with. */
struct lsh_watching {
	struct lsh_table *table; /* NULL: it is being made */
};

struct lsh_watched {
	leash_weak object;
	leash_weak map;
	leash_watch *watch; /* the caller's of the call that sets `ended` */
	struct lsh_entry entry;
};

#define LSH_WATCHED_FRONT offsetof(struct lsh_watched, entry)

static inline struct lsh_watched *lsh_watched_of(const struct lsh_entry *entry)
{
	return (struct lsh_watched *)((uintptr_t)entry - LSH_WATCHED_FRONT);
}

/* A map of the type, whose table is of that kind; NULL with errno. */
void *lsh_watching_new(const leash_type *type, const struct lsh_table_kind *kind);

/* The `destroy` of the types of maps that have such entries. */
void lsh_watching_destroy(void *map);

/* An entry that watches the object; the caller holds both.  NULL with errno ENOMEM, or EINVAL if it cannot. */
struct lsh_entry *lsh_watched_new(struct lsh_watching *map, leash_key key, const void *object);

/* One that was never added. */
void lsh_watched_discard(const struct lsh_table_kind *kind, struct lsh_entry *entry);

/* For kinds: is_alive and clear. */
bool lsh_watched_is_alive(const struct lsh_entry *entry);
void lsh_watched_clear(struct lsh_entry *entry);

/* The kind of tables whose entries have nothing but the object; and the removal of the live entry of a key from
 * one, true if there was one. */
extern const struct lsh_table_kind lsh_watched_kind LSH_HIDDEN;
bool lsh_watched_remove(struct lsh_watching *map, leash_key key);

/* The object, if it is alive. */
void *lsh_watched_load(const struct lsh_entry *entry);

/* Takes the entry, which the caller holds, out of the table of the map, and its watch off the object; true for
 * the one call that did. */
bool lsh_watched_end(struct lsh_watching *map, struct lsh_entry *entry);

/* The same for one that lsh_table_replace() has taken out. */
void lsh_watched_replaced(struct lsh_watching *map, struct lsh_entry *entry);

/* What is to be done when the object of an entry has died: the map of it if it is alive, to be released by the caller.
 * The caller gives up the watch's hold of the entry in the end. */
struct lsh_watching *lsh_watched_map(const struct lsh_entry *entry);

#endif
