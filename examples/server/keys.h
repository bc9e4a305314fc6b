/* The keyspace: names, and the values they lead to. */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "value.h"

bool keys_start(void);
void keys_stop(void);

/* A reference to the value that the name leads to, NULL if there is none or it has expired; its time of use is now.  Takes no
 * lock. */
struct value *keys_get(const char *name, size_t length);

/* The lock of a name, for who writes its value, and may have read it before.  Names share locks: one at a time. */
void keys_lock(const char *name, size_t length);
void keys_unlock(const char *name, size_t length);

/* The same for several names: a set of locks, to be united by |. */
uint32_t keys_locks_of(const char *name, size_t length);
void keys_lock_all(uint32_t locks);
void keys_unlock_all(uint32_t locks);

/* Makes the value the name's, in place of any other.  -ENOMEM, and then nothing has changed. */
int keys_set(const char *name, size_t length, struct value *value);
bool keys_remove(const char *name, size_t length); /* true if it was there and had not expired */
size_t keys_number(void);

/* Removes each name that is there during the call. */
void keys_clear(void);

/* Calls fn with each name and value; fn returns false to stop. */
typedef bool keys_fn(const char *name, size_t length, struct value *value, void *arg);
void keys_each(keys_fn *fn, void *arg);

/* The same for one part of all names, of which there are so many; false if fn has stopped it. */
#define KEYS_PARTS 1024
bool keys_each_in(int part, keys_fn *fn, void *arg);

/* Looks at some names, by turns, and removes those that have expired; from time to time, by one thread. */
void keys_expire_some(void);

/* Removes the least recently used of a few names looked at; false if there are none. */
bool keys_evict_one(void);

/* Milliseconds since the epoch. */
int64_t clock_now(void);

#endif
