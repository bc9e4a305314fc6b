/* Hash tables: see table.h. */
#include <stdlib.h>
#include <sys/random.h>

#include "hash.h"
#include "table.h"

#define FIRST 8 /* places */

uint64_t naive_secret[2];

static __attribute__((constructor)) void make_secret(void)
{
	if (getrandom(naive_secret, sizeof(naive_secret), GRND_NONBLOCK) < 0)
		naive_secret[0] = naive_secret[1] = (uintptr_t)&naive_secret * UINT64_C(0x9e3779b97f4a7c15);
	naive_secret[0] |= 1;
	naive_secret[1] |= 1;
}

static void put(struct naive_table *table, uint64_t hash, void *entry)
{
	size_t i = hash & table->mask;

	while (table->places[i].entry)
		i = (i + 1) & table->mask;
	table->places[i] = (struct naive_place){ hash, entry };
}

static void set_number(struct naive_table *table, size_t number)
{
	__atomic_store_n(&table->number, number, __ATOMIC_RELAXED);
}

bool naive_table_grow(struct naive_table *table)
{
	size_t before = table->places ? table->mask + 1 : 0, after = before ? 2 * before : FIRST;
	struct naive_place *old = table->places, *new = calloc(after, sizeof(*new));

	if (!new)
		return false;
	table->places = new;
	table->mask = after - 1;
	for (size_t i = 0; i < before; i++) {
		if (old[i].entry)
			put(table, old[i].hash, old[i].entry);
	}
	free(old);
	return true;
}

void naive_table_add(struct naive_table *table, uint64_t hash, void *entry)
{
	put(table, hash, entry);
	set_number(table, table->number + 1);
}

void naive_table_remove(struct naive_table *table, struct naive_place *place)
{
	struct naive_place *places = table->places;
	size_t hole = (size_t)(place - places), i = hole;

	/* Who would have stood in the hole, or before it, moves up. */
	while (places[i = (i + 1) & table->mask].entry) {
		if (((i - places[i].hash) & table->mask) >= ((i - hole) & table->mask)) {
			places[hole] = places[i];
			hole = i;
		}
	}
	places[hole].entry = NULL;
	set_number(table, table->number - 1);
}

void naive_table_sweep(struct naive_table *table, bool (*fn)(void *entry))
{
	if (!table->places)
		return;
	for (size_t i = 0; i <= table->mask;) {
		if (table->places[i].entry && fn(table->places[i].entry))
			naive_table_remove(table, &table->places[i]); /* and another may stand there now */
		else
			i++;
	}
}

bool naive_table_make_room(struct naive_table *table, bool (*fn)(void *entry))
{
	if (!naive_table_is_full(table))
		return true;
	naive_table_sweep(table, fn);
	return (table->places && table->number <= table->mask / 4) || naive_table_grow(table) ||
	       !naive_table_is_full(table);
}
