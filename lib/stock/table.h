/* Hash tables that are read without a lock: see table.c. */
#ifndef LSH_TABLE_H
#define LSH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <urcu-bp.h>
#include <urcu/rculfhash.h>

#include <leash/stock.h>

#include "../finalizers.h"

struct lsh_table;
struct lsh_entry;

/* What the maps differ in. */
struct lsh_table_kind {
	size_t front; /* bytes that stand before each entry and are the map's */
	/* Whether the entry counts; once it does not, it never does again. */
	bool (*is_alive)(const struct lsh_entry *entry);
	/* Its memory is about to go; NULL: nothing to do. */
	void (*clear)(struct lsh_entry *entry);
	/* For entries that have left the table; freeing gives up its hold: lsh_entry_let_go(). */
	struct lsh_retired_kind *retired;
	void (*died)(void *entry); /* where entries watch an object: its death (watched.c) */
};

/* In memory: what it needs when it has been taken out, the map's front, and this, so that lookups read what lies together. */
struct lsh_entry {
	struct cds_lfht_node node;
	uint64_t number; /* the key, or how many bytes it has */
	uint32_t holds;  /* the table's, a watch's, those of walks */
	bool ended;      /* somebody has taken it upon himself to take it out */
	bool is_bytes;
	char bytes[];
};

struct lsh_table {
	const struct lsh_table_kind *kind;
	struct cds_lfht *nodes;
	const struct cds_lfht_node *first; /* of the list of all: none of ours, and there as long as the table */
	size_t count;
	size_t buckets;
	bool growing;
	struct lsh_retired retired;
};

/* What is the same in all of them, for a struct lsh_map_layout. */
#define LSH_TABLE_LAYOUT                                 \
	.first = offsetof(struct lsh_table, first),      \
	.number = offsetof(struct lsh_entry, number),    \
	.is_bytes = offsetof(struct lsh_entry, is_bytes), \
	.bytes = offsetof(struct lsh_entry, bytes)

/* NULL without memory. */
struct lsh_table *lsh_table_new(const struct lsh_table_kind *kind);

/* Frees the table, and gives up its entries, when nobody can be reading them any more. */
void lsh_table_retire(struct lsh_table *table);

size_t lsh_table_count(const struct lsh_table *table);

/* Read sections: what is found in one stays memory until its end. */
void lsh_table_read_lock(void);
void lsh_table_read_unlock(void);

/* An entry with a copy of the key, all else in it and before it 0, held once; NULL without memory. */
struct lsh_entry *lsh_entry_new(const struct lsh_table_kind *kind, leash_key key);
leash_key lsh_entry_key(const struct lsh_entry *entry);
void lsh_entry_hold(struct lsh_entry *entry);
void lsh_entry_let_go(const struct lsh_table_kind *kind, struct lsh_entry *entry);

/* The live entry of the key, or NULL.  In a read section. */
struct lsh_entry *lsh_table_find(const struct lsh_table *table, leash_key key);

/* What load gives for the live entry of the key, or NULL: it is NULL for dead ones, and looks once instead of twice. */
void *lsh_table_load(const struct lsh_table *table, leash_key key, void *(*load)(const struct lsh_entry *entry));

static inline struct lsh_entry *lsh_entry_retired(const struct lsh_table_kind *kind, struct lsh_retired *retired)
{
	return (struct lsh_entry *)((uintptr_t)(retired + 1) + kind->front);
}

/* Adds the entry unless there is a live one with its key, which is returned then.  NULL: it was added, and
 * lsh_table_grow() is to be called.  In a read section. */
struct lsh_entry *lsh_table_add(struct lsh_table *table, struct lsh_entry *entry);

/* Adds the entry in place of the live one with its key, if there is one, which is returned and out of the
 * table then.  In a read section. */
struct lsh_entry *lsh_table_replace(struct lsh_table *table, struct lsh_entry *entry);

/* Takes the entry out; true for the one call that did.  In a read section. */
bool lsh_table_remove(struct lsh_table *table, struct lsh_entry *entry);

/* The table's hold of an entry that is out of it ends when nobody can be reading it any more. */
void lsh_entry_retire(const struct lsh_table *table, struct lsh_entry *entry);

/* Makes room if need be.  Outside read sections of the library's; inside the user's it waits for another time. */
void lsh_table_grow(struct lsh_table *table);

/* Calls fn for each entry: in a read section, as the collector is when it traces, or when the map is dead and nobody else
 * changes the table. */
void lsh_table_scan(struct lsh_table *table, void (*fn)(struct lsh_entry *entry, void *arg), void *arg);

/* Calls fn for each entry that was there when the walk came by, held, outside read sections, until it returns
 * false.  No entry comes twice, and what is there all the time comes once. */
void lsh_table_walk(struct lsh_table *table, bool (*fn)(struct lsh_entry *entry, void *arg), void *arg);

#endif
