/* All objects, by address: see census.c. */
#ifndef LSH_CENSUS_H
#define LSH_CENSUS_H

#include <stdbool.h>
#include <leash/abi.h>
#include "collect/array.h"
#include "lock.h"
#include "track.h"

/* A part of the census: an open hash table of addresses. */
struct lsh_ward {
	struct lsh_lock lock;
	struct leash__header **places; /* NULL: free */
	size_t size;                   /* a power of 2, or 0 */
	size_t count;
} __attribute__((aligned(64)));

#define LSH_WARDS 16 /* a fork takes all of their locks, and ThreadSanitizer knows no more than 64 at once */

extern struct lsh_ward lsh_wards[LSH_WARDS] LSH_HIDDEN;

/* Whether there is one; true until the options have been read. */
extern bool lsh_census_on LSH_HIDDEN;

/* Called once, before the first object is made. */
void lsh_census_start(void);

/* False when there is no memory. */
bool lsh_census_add(struct leash__header *h);

/* Does nothing for one that is not in it. */
void lsh_census_remove(struct leash__header *h);
bool lsh_census_has(const struct leash__header *h);

/* Copies the addresses of all objects into the array and returns how many; SIZE_MAX without
 * memory.  Objects that come or go meanwhile may be among them or not. */
size_t lsh_census_copy(struct lsh_array *addresses);

void lsh_census_lock(void);
void lsh_census_unlock(void);

#endif
