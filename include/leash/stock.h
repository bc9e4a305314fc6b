/* Stock objects: strings, arrays and maps, managed objects themselves.  They are made by the functions here, retained,
 * released and stored like any object, and dead cycles through them are found.
 *
 *     leash_string     immutable bytes
 *     leash_array      a list that grows
 *     leash_map        keys to strong values
 *     leash_weak_map   keys to weak values: an entry vanishes when its value dies; for caches
 *     leash_weak_set   objects, weakly: observers, subscribers, sessions
 *     leash_key_map    objects, weakly, to strong values: data attached to an object from outside
 *
 * All of them allow weak references.  Functions that store an object take a new reference to it, unless they
 * are called _take; functions that return one return a reference that the caller owns.
 *
 * Thread safety: an array is like any variable, threads that use one while one of them writes need a lock.
 * Maps and sets may be used by all threads at once; lookups take no lock.
 *
 * -ENOMEM, or NULL with errno ENOMEM, leaves everything as it was.
 */
#ifndef LEASH_STOCK_H
#define LEASH_STOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leash/abi.h>
#include <leash/type.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* --- Strings. */

typedef struct leash_string leash_string;

/* A copy of the text; of that many bytes, any.  NULL with errno EINVAL if they are 4 GB or more. */
leash_string *leash_string_new(const char *text) __attribute__((nonnull, warn_unused_result));
leash_string *leash_string_new_bytes(const void *bytes, size_t length) __attribute__((warn_unused_result));

/* The bytes, with a 0 behind them that does not count; as long as the caller holds the string. */
const char *leash_string_text(const leash_string *string) __attribute__((nonnull));
size_t leash_string_length(const leash_string *string) __attribute__((nonnull));
bool leash_string_equal(const leash_string *a, const leash_string *b) __attribute__((nonnull));

/* --- Arrays.  Elements may be NULL. */

typedef struct leash_array leash_array;

leash_array *leash_array_new(void) __attribute__((warn_unused_result));
size_t leash_array_size(const leash_array *array) __attribute__((nonnull));

/* The element, or NULL; also NULL beyond the end. */
void *leash_array_get(const leash_array *array, size_t index) __attribute__((nonnull, warn_unused_result));

/* 0, -ERANGE when there is no such element, -ENOMEM (append and insert).  insert at the size appends.  A reference
 * that was to be taken stays the caller's when the call fails. */
int leash_array_set(leash_array *array, size_t index, const void *object) __attribute__((nonnull(1)));
int leash_array_append(leash_array *array, const void *object) __attribute__((nonnull(1)));
int leash_array_append_take(leash_array *array, const void *object) __attribute__((nonnull(1)));
int leash_array_insert(leash_array *array, size_t index, const void *object) __attribute__((nonnull(1)));
int leash_array_remove(leash_array *array, size_t index) __attribute__((nonnull));

/* Takes the last element out; NULL when it is empty. */
void *leash_array_pop(leash_array *array) __attribute__((nonnull, warn_unused_result));
void leash_array_clear(leash_array *array) __attribute__((nonnull));

/* --- Keys of maps: a number, or bytes, which the map copies.  A number and bytes are never the same key. */

typedef struct leash_key {
	const void *bytes; /* NULL: the number */
	uint64_t number;   /* or how many bytes */
} leash_key;

static inline leash_key leash_key_number(uint64_t number)
{
	leash_key key = { NULL, number };
	return key;
}
leash_key leash_key_text(const char *text) __attribute__((nonnull));
leash_key leash_key_bytes(const void *bytes, size_t length) __attribute__((nonnull));

/* Is given each entry of a map as it was at some moment during the walk: no entry twice, and each that was
 * there all the time.  It holds a reference to `value` while fn runs, and no lock; fn may do anything with the
 * map.  False ends the walk. */
typedef bool leash_map_fn(leash_key key, void *value, void *arg);

/* --- Maps with strong values.  Values die as whatever was in a slot does: their hooks run on a thread of the
 * library's (slot.h). */

typedef struct leash_map leash_map;

leash_map *leash_map_new(void) __attribute__((warn_unused_result));
void *leash_map_get(const leash_map *map, leash_key key) __attribute__((nonnull, warn_unused_result));
int leash_map_set(leash_map *map, leash_key key, const void *value) __attribute__((nonnull(1))); /* NULL: removes */
bool leash_map_remove(leash_map *map, leash_key key) __attribute__((nonnull));
size_t leash_map_size(const leash_map *map) __attribute__((nonnull));
void leash_map_each(const leash_map *map, leash_map_fn *fn, void *arg) __attribute__((nonnull(1, 2)));
void leash_map_clear(leash_map *map) __attribute__((nonnull));

/* --- Maps with weak values, whose types are LEASH_WEAKABLE (-EINVAL, or NULL with errno EINVAL). */

typedef struct leash_weak_map leash_weak_map;

leash_weak_map *leash_weak_map_new(void) __attribute__((warn_unused_result));

/* The value if it is alive.  Lock-free. */
void *leash_weak_map_get(const leash_weak_map *map, leash_key key) __attribute__((nonnull, warn_unused_result));

/* The live value that is there, or else `value`, which is there then: of all threads that call it at once,
 * each gets a reference to the same object.  NULL with errno on failure. */
void *leash_weak_map_get_or_insert(leash_weak_map *map, leash_key key, const void *value)
	__attribute__((nonnull, warn_unused_result));
int leash_weak_map_set(leash_weak_map *map, leash_key key, const void *value) __attribute__((nonnull));

/* True if a live value was there. */
bool leash_weak_map_remove(leash_weak_map *map, leash_key key) __attribute__((nonnull));

/* Entries; those whose values have just died may still count. */
size_t leash_weak_map_size(const leash_weak_map *map) __attribute__((nonnull));
void leash_weak_map_each(const leash_weak_map *map, leash_map_fn *fn, void *arg) __attribute__((nonnull(1, 2)));

/* --- Sets of weak references, to objects of LEASH_WEAKABLE types. */

typedef struct leash_weak_set leash_weak_set;
typedef bool leash_set_fn(void *member, void *arg); /* as leash_map_fn */

leash_weak_set *leash_weak_set_new(void) __attribute__((warn_unused_result));
int leash_weak_set_add(leash_weak_set *set, const void *object) __attribute__((nonnull)); /* 0 also if it is a member */
bool leash_weak_set_remove(leash_weak_set *set, const void *object) __attribute__((nonnull));
bool leash_weak_set_contains(const leash_weak_set *set, const void *object) __attribute__((nonnull));
size_t leash_weak_set_size(const leash_weak_set *set) __attribute__((nonnull));
void leash_weak_set_each(const leash_weak_set *set, leash_set_fn *fn, void *arg) __attribute__((nonnull(1, 2)));

/* --- Maps whose keys are objects of LEASH_WEAKABLE types, held weakly; when the key dies its value is
 * released.  (A value that refers to its own key keeps it alive, as in Python.) */

typedef struct leash_key_map leash_key_map;

leash_key_map *leash_key_map_new(void) __attribute__((warn_unused_result));
void *leash_key_map_get(const leash_key_map *map, const void *key) __attribute__((nonnull, warn_unused_result));
/* NULL: removes. */
int leash_key_map_set(leash_key_map *map, const void *key, const void *value) __attribute__((nonnull(1, 2)));
bool leash_key_map_remove(leash_key_map *map, const void *key) __attribute__((nonnull));
size_t leash_key_map_size(const leash_key_map *map) __attribute__((nonnull));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
