/* The census: all objects, by address.
 *
 * Nothing else in the library leads to every object: blocks lie in an allocator that does not list them, and
 * counting needs no list.  Two options want one: track (who refers to whom, what is still alive), and harden (is this pointer an
 * object's at all?).  With either, every object is entered when its header has been written and leaves just before its memory goes.
 * No birth and no death then takes a short cut (object.c, type.c), so that each comes by here; without them nobody does.
 *
 * Open hash tables with linear probing and without marks for the removed: what follows is moved up.  16 of them, each
 * with a lock, so that threads seldom meet.  A debugger can read them in a core file (see/debugger.c).
 *
 * Who copies the addresses while memory is kept (heap.c) may read all the headers: an object leaves the census before its
 * memory goes, so what was found in it afterwards had not been freed when the keeping began.
 */
#include <stdint.h>
#include <stdlib.h>

#include "census.h"
#include "options.h"
#include "points.h"
#include "see/debugger.h"

#define SMALLEST 64

struct lsh_ward lsh_wards[LSH_WARDS] = {
	[0 ... LSH_WARDS - 1] = { .lock = LSH_LOCK_INIT(LSH_RANK_CENSUS) },
};
bool lsh_census_on = true; /* until it is known */

/* Nobody else mentions it, and a program that links the library statically would not get it. */
static const struct leash__debugger *const debugger __attribute__((used)) = &leash__debugger_1;

void lsh_census_start(void)
{
	lsh_census_on = lsh_options()->harden || lsh_options()->track;
}

static uint64_t hash(const struct leash__header *h)
{
	return (uint64_t)(uintptr_t)h * UINT64_C(0x9e3779b97f4a7c15);
}

static struct lsh_ward *ward_of(const struct leash__header *h)
{
	return &lsh_wards[hash(h) >> 60];
}

static size_t home_of(const struct lsh_ward *ward, const struct leash__header *h)
{
	return (size_t)(hash(h) >> 20) & (ward->size - 1);
}

/* Where it is, or else where it belongs. */
static size_t place_of(const struct lsh_ward *ward, const struct leash__header *h)
{
	size_t i = home_of(ward, h);

	while (ward->places[i] && ward->places[i] != h)
		i = (i + 1) & (ward->size - 1);
	return i;
}

static bool resize(struct lsh_ward *ward, size_t size)
{
	struct lsh_ward other = { .size = size, .count = ward->count };
	size_t i;

	other.places = LSH_ALLOCATION_FAILS ? NULL : calloc(size, sizeof(*other.places));
	if (!other.places)
		return false;
	for (i = 0; i < ward->size; i++)
		if (ward->places[i])
			other.places[place_of(&other, ward->places[i])] = ward->places[i];
	free(ward->places);
	ward->places = other.places;
	ward->size = size;
	return true;
}

bool lsh_census_add(struct leash__header *h)
{
	struct lsh_ward *ward = ward_of(h);
	bool room;

	lsh_lock(&ward->lock);
	room = ward->count < ward->size / 2 || resize(ward, ward->size ? ward->size * 2 : SMALLEST);
	if (room) {
		ward->places[place_of(ward, h)] = h;
		ward->count++;
	}
	lsh_unlock(&ward->lock);
	return room;
}

/* Moves up what follows a free place and could not stand in it. */
static void close_gap(struct lsh_ward *ward, size_t gap)
{
	size_t mask = ward->size - 1, i;

	for (i = (gap + 1) & mask; ward->places[i]; i = (i + 1) & mask) {
		size_t home = home_of(ward, ward->places[i]);

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		ward->places[gap] = ward->places[i];
		ward->places[i] = NULL;
		gap = i;
	}
}

void lsh_census_remove(struct leash__header *h)
{
	struct lsh_ward *ward = ward_of(h);
	size_t i;

	if (!lsh_census_on)
		return;
	lsh_lock(&ward->lock);
	i = ward->size ? place_of(ward, h) : 0;
	if (ward->size && ward->places[i]) {
		ward->places[i] = NULL;
		ward->count--;
		close_gap(ward, i);
		if (ward->size > SMALLEST && ward->count < ward->size / 8)
			resize(ward, ward->size / 2);
	}
	lsh_unlock(&ward->lock);
}

bool lsh_census_has(const struct leash__header *h)
{
	struct lsh_ward *ward = ward_of(h);
	bool has;

	lsh_lock(&ward->lock);
	has = ward->size && ward->places[place_of(ward, h)];
	lsh_unlock(&ward->lock);
	return has;
}

static bool copy_ward(struct lsh_ward *ward, struct lsh_array *addresses, size_t *count)
{
	struct leash__header **copy;
	bool room;
	size_t i;

	lsh_lock(&ward->lock);
	room = lsh_array_reserve(addresses, (*count + ward->count) * sizeof(*copy));
	copy = addresses->data;
	for (i = 0; i < ward->size && room; i++)
		if (ward->places[i])
			copy[(*count)++] = ward->places[i];
	lsh_unlock(&ward->lock);
	return room;
}

size_t lsh_census_copy(struct lsh_array *addresses)
{
	size_t count = 0;
	unsigned i;

	for (i = 0; i < LSH_WARDS; i++)
		if (!copy_ward(&lsh_wards[i], addresses, &count))
			return SIZE_MAX;
	return count;
}

void lsh_census_lock(void)
{
	unsigned i;

	for (i = 0; i < LSH_WARDS; i++)
		pthread_mutex_lock(&lsh_wards[i].lock.mutex);
}

void lsh_census_unlock(void)
{
	unsigned i;

	for (i = 0; i < LSH_WARDS; i++)
		pthread_mutex_unlock(&lsh_wards[i].lock.mutex);
}
