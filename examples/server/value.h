/* What keys lead to: texts, lists and hashes, all managed objects.
 *
 * The keyspace is leash_maps from names to values (keys.c).  Who looks a key up gets a reference, without a lock, and may use the
 * value for as long as it likes, though the key may be overwritten or deleted meanwhile: a reply is written straight from
 * the value's bytes.
 *
 * Texts never change: a new one takes the key.  Lists do, under a lock of their own, which is never held while anything is
 * written to a client, and hashes without one.  Who reads a key's value and then writes the key, depending on what it read,
 * holds the lock of the key (keys.h); so does who changes a list or a hash, which loses its key when it is empty.
 *
 * What a hash holds are values, too: texts, or, by LINK, any other value, and so users can make cycles.
 */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include "counted.h"

enum kind { TEXT, LIST, HASH };

/* How every value begins. */
struct value {
	uint32_t kind;
	uint32_t used;   /* when it was last asked for, in seconds of the server's clock; atomic */
	int64_t expires; /* milliseconds since the epoch, 0: never; atomic */
};

#define EXPIRED 1 /* as when it expires: it has, and nothing gives it more time */

/* --- Texts.  Their type is theirs alone: a text is told by kind_of(). */

struct text {
	struct value value;
	size_t length;
	char bytes[];
};

/* NULL without memory, as all that makes something. */
struct text *text_new(const char *bytes, size_t length);
struct text *text_of_number(int64_t number);
struct text *text_joined(const struct text *first, const char *bytes, size_t length);

bool text_is_number(const struct text *text, int64_t *number); /* as bytes_are_number() */

/* --- Lists of texts.  Thread-safe.  What holds only texts is never part of a cycle: the collector does not look at it. */

struct list;
struct list *list_new(void);
size_t list_length(struct list *list);

/* Adds the texts one after the other, at once for who reads the list.  The length after it; SIZE_MAX without memory, and then
 * nothing has changed. */
size_t list_push(struct list *list, struct text *const *texts, size_t number, bool left);

/* Takes up to `number` texts out, the outermost first; the caller gets the list's references.  How many. */
size_t list_pop(struct list *list, struct text **texts, size_t number, bool left);

/* Calls fn with the texts from `first` to `last` as LRANGE counts them, from 0, or from the end if negative, one after the other,
 * and with how many are to come, this one included; how many there were.  The list does not change meanwhile: fn may retain the
 * text, and does not look at lists. */
typedef void list_fn(struct text *text, size_t left, void *arg);
size_t list_range(struct list *list, int64_t first, int64_t last, list_fn *fn, void *arg);

/* --- Hashes from names to values.  Thread-safe; nothing takes a lock. */

struct hash;
struct hash *hash_new(void);
size_t hash_length(const struct hash *hash);

/* 1: the field is new; 0: it was there; -ENOMEM. */
int hash_set(struct hash *hash, const char *name, size_t length, struct value *value);
struct value *hash_get(const struct hash *hash, const char *name, size_t length); /* a reference, or NULL */
bool hash_remove(struct hash *hash, const char *name, size_t length);

/* Calls fn with each field and its value, of which it holds a reference meanwhile; fn returns false to stop. */
typedef bool hash_fn(const char *name, size_t length, struct value *value, void *arg);
void hash_each(const struct hash *hash, hash_fn *fn, void *arg);

static inline enum kind kind_of(const struct value *value)
{
	return (enum kind)value->kind;
}

#endif
