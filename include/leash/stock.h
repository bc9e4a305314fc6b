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
 * Lookups and walks give references, and a thread may defer the release of those to objects that another has made.  So what a
 * walk has met may then live a moment longer than its last reference.  Where that matters, LEASH_PROMPT (type.h) or
 * leash_flush() after the walk (object.h) help.
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

/* --- Strings: bytes that do not change.  All threads may read one at once. */

typedef struct leash_string leash_string;

/* A copy of the text.  NULL with errno EINVAL if it is 4 GB or more. */
leash_string *leash_string_new(const char *text) __attribute__((nonnull, warn_unused_result));
/* A copy of that many bytes, any; NULL is allowed for none.  Fails as leash_string_new(). */
leash_string *leash_string_new_bytes(const void *bytes, size_t length) __attribute__((warn_unused_result));

/* The bytes, with a 0 behind them that does not count; as long as the caller holds the string. */
const char *leash_string_text(const leash_string *string) __attribute__((nonnull));
/* How many bytes. */
size_t leash_string_length(const leash_string *string) __attribute__((nonnull));
/* Whether both have the same bytes. */
bool leash_string_equal(const leash_string *a, const leash_string *b) __attribute__((nonnull));

/* --- Arrays.  Elements may be NULL. */

typedef struct leash_array leash_array;

/* An empty one. */
leash_array *leash_array_new(void) __attribute__((warn_unused_result));
/* How many elements, NULL ones too. */
size_t leash_array_size(const leash_array *array) __attribute__((nonnull));

/* The element, or NULL; also NULL beyond the end. */
void *leash_array_get(const leash_array *array, size_t index) __attribute__((nonnull, warn_unused_result));

/* Replaces an element.  0; -ERANGE when there is no such element. */
int leash_array_set(leash_array *array, size_t index, const void *object) __attribute__((nonnull(1)));
/* Adds an element at the end.  0; -ENOMEM. */
int leash_array_append(leash_array *array, const void *object) __attribute__((nonnull(1)));
/* The same with the caller's reference, which stays the caller's when the call fails. */
int leash_array_append_take(leash_array *array, const void *object) __attribute__((nonnull(1)));
/* Adds an element before the one of that index, or at the end.  0; -ERANGE; -ENOMEM. */
int leash_array_insert(leash_array *array, size_t index, const void *object) __attribute__((nonnull(1)));
/* Takes an element out and releases it; later ones move up.  0; -ERANGE. */
int leash_array_remove(leash_array *array, size_t index) __attribute__((nonnull));

/* Takes the last element out; NULL when it is empty. */
void *leash_array_pop(leash_array *array) __attribute__((nonnull, warn_unused_result));
/* Takes out and releases all. */
void leash_array_clear(leash_array *array) __attribute__((nonnull));

/* --- Keys of maps: a number, or bytes, which the map copies.  A number and bytes are never the same key. */

typedef struct leash_key {
	const void *bytes; /* NULL: the number */
	uint64_t number;   /* or how many bytes */
} leash_key;

/* The number as a key. */
static inline leash_key leash_key_number(uint64_t number)
{
	leash_key key = { NULL, number };
	return key;
}

/* The text's bytes as a key; the caller keeps them while the key is used. */
leash_key leash_key_text(const char *text) __attribute__((nonnull));
/* So many bytes as a key; the caller keeps them while the key is used. */
leash_key leash_key_bytes(const void *bytes, size_t length) __attribute__((nonnull));

/* Is given each entry of a map as it was at some moment during the walk: no entry twice, and each that was
 * there all the time.  It holds a reference to `value` while fn runs, and no lock; fn may do anything with the
 * map.  False ends the walk. */
typedef bool leash_map_fn(leash_key key, void *value, void *arg);

/* --- Maps with strong values.  Values die as whatever was in a slot does: their hooks run on a thread of the
 * library's (slot.h). */

typedef struct leash_map leash_map;

/* An empty one. */
leash_map *leash_map_new(void) __attribute__((warn_unused_result));
/* The value, or NULL.  Lock-free. */
void *leash_map_get(const leash_map *map, leash_key key) __attribute__((nonnull, warn_unused_result));
/* Makes it the key's value, in place of any other; NULL removes the key.  0; -ENOMEM. */
int leash_map_set(leash_map *map, leash_key key, const void *value) __attribute__((nonnull(1)));
/* The same, and stores in *old what was the key's value: a reference that the caller releases, NULL if there was none or on
 * failure.  0; -ENOMEM. */
int leash_map_exchange(leash_map *map, leash_key key, const void *value, void **old) __attribute__((nonnull(1, 4)));
/* True if the key was there. */
bool leash_map_remove(leash_map *map, leash_key key) __attribute__((nonnull));
/* Removes the key if its value is that object, to which the caller holds a reference: what has been found to have expired, say,
 * and may have been replaced since.  True if it did, as one call does of all that want it removed; else false, also for NULL. */
bool leash_map_remove_if(leash_map *map, leash_key key, const void *value) __attribute__((nonnull(1)));
/* How many keys; exact when no other thread changes the map. */
size_t leash_map_size(const leash_map *map) __attribute__((nonnull));
/* Walks over the entries. */
void leash_map_each(const leash_map *map, leash_map_fn *fn, void *arg) __attribute__((nonnull(1, 2)));
/* Removes each key that is there during the call. */
void leash_map_clear(leash_map *map) __attribute__((nonnull));

/* --- Maps with weak values, whose types are LEASH_WEAKABLE (-EINVAL, or NULL with errno EINVAL). */

typedef struct leash_weak_map leash_weak_map;

/* An empty one. */
leash_weak_map *leash_weak_map_new(void) __attribute__((warn_unused_result));

/* The value if it is alive.  Lock-free. */
void *leash_weak_map_get(const leash_weak_map *map, leash_key key) __attribute__((nonnull, warn_unused_result));

/* The live value that is there, or else `value`, which is there then: of all threads that call it at once,
 * each gets a reference to the same object.  NULL with errno on failure. */
void *leash_weak_map_get_or_insert(leash_weak_map *map, leash_key key, const void *value)
	__attribute__((nonnull, warn_unused_result));
/* Makes it the key's value, in place of any other.  0; -EINVAL; -ENOMEM. */
int leash_weak_map_set(leash_weak_map *map, leash_key key, const void *value) __attribute__((nonnull));

/* True if a live value was there. */
bool leash_weak_map_remove(leash_weak_map *map, leash_key key) __attribute__((nonnull));

/* Entries; those whose values have just died may still count. */
size_t leash_weak_map_size(const leash_weak_map *map) __attribute__((nonnull));
/* Walks over the entries whose values are alive. */
void leash_weak_map_each(const leash_weak_map *map, leash_map_fn *fn, void *arg) __attribute__((nonnull(1, 2)));

/* --- Sets of weak references, to objects of LEASH_WEAKABLE types. */

typedef struct leash_weak_set leash_weak_set;

/* Is given each live member, as leash_map_fn is each entry. */
typedef bool leash_set_fn(void *member, void *arg);

/* An empty one. */
leash_weak_set *leash_weak_set_new(void) __attribute__((warn_unused_result));
/* 0, also if it is a member already; -EINVAL; -ENOMEM. */
int leash_weak_set_add(leash_weak_set *set, const void *object) __attribute__((nonnull));
/* True if it was a member. */
bool leash_weak_set_remove(leash_weak_set *set, const void *object) __attribute__((nonnull));
/* Whether it is a member.  Lock-free. */
bool leash_weak_set_contains(const leash_weak_set *set, const void *object) __attribute__((nonnull));
/* How many members; those that have just died may still count. */
size_t leash_weak_set_size(const leash_weak_set *set) __attribute__((nonnull));
/* Walks over the live members. */
void leash_weak_set_each(const leash_weak_set *set, leash_set_fn *fn, void *arg) __attribute__((nonnull(1, 2)));

/* --- Maps whose keys are objects of LEASH_WEAKABLE types, held weakly; when the key dies its value is
 * released.  (A value that refers to its own key keeps it alive, as in Python.) */

typedef struct leash_key_map leash_key_map;

/* An empty one. */
leash_key_map *leash_key_map_new(void) __attribute__((warn_unused_result));
/* The key's value, or NULL.  Lock-free. */
void *leash_key_map_get(const leash_key_map *map, const void *key) __attribute__((nonnull, warn_unused_result));
/* Makes it the key's value, in place of any other; NULL removes the key.  0; -EINVAL; -ENOMEM. */
int leash_key_map_set(leash_key_map *map, const void *key, const void *value) __attribute__((nonnull(1, 2)));
/* True if the key was there. */
bool leash_key_map_remove(leash_key_map *map, const void *key) __attribute__((nonnull));
/* How many keys; those that have just died may still count. */
size_t leash_key_map_size(const leash_key_map *map) __attribute__((nonnull));

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
