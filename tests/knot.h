/* Objects that can be tied into cycles and are seen to die, and the usual cycles of them.
 *
 * A knot checks itself: its destroy finds it whole, with empty fields, or ends the program.
 */
#ifndef KNOT_H
#define KNOT_H

#include <leash/leash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mortal.h"
#include "tap.h"
#include "wait.h"

#define KNOT_MAGIC UINT64_C(0x6b6e6f746b6e6f74)

struct knot {
	struct knot *next, *other;
	struct mortal *load;
	struct obituary *obituary;
	uint64_t magic;
	long value;
};

/* The same to the collector, but without hooks. */
struct plain {
	struct plain *next, *other, *third;
};

static inline void knot_check(const struct knot *knot)
{
	if (knot->magic != KNOT_MAGIC)
		bail_out("knot %p is none: %llx", (const void *)knot, (unsigned long long)knot->magic);
}

static inline void knot_destroy(void *object)
{
	struct knot *knot = (struct knot *)object;

	knot_check(knot);
	if (knot->next || knot->other || knot->load)
		bail_out("knot %p is destroyed with a field that was not emptied", object);
	knot->magic = ~KNOT_MAGIC;
	mortal_destroy(&knot->obituary);
}

static const leash_type knot_type __attribute__((unused)) = {
	.name = "knot",
	.size = sizeof(struct knot),
	LEASH_FIELDS(struct knot, next, other, load),
	.destroy = knot_destroy,
};

static const leash_type plain_type __attribute__((unused)) = {
	.name = "plain knot",
	.size = sizeof(struct plain),
	LEASH_FIELDS(struct plain, next, other, third),
};

static inline struct knot *knot_of(const leash_type *type, struct obituary *obituary)
{
	struct knot *knot = (struct knot *)leash_new(type);

	if (!knot)
		bail_out("no memory");
	knot->obituary = obituary;
	knot->magic = KNOT_MAGIC;
	return knot;
}

static inline struct knot *knot_new(struct obituary *obituary)
{
	return knot_of(&knot_type, obituary);
}

static inline struct plain *plain_new(void)
{
	struct plain *plain = (struct plain *)leash_new(&plain_type);

	if (!plain)
		bail_out("no memory");
	return plain;
}

/* A ring of so many; the caller holds a reference to its first, and the last one's is the one that goes there. */
static inline struct knot *ring_of(const leash_type *type, struct obituary *obituary, long number)
{
	struct knot *first = knot_of(type, obituary), *last = first;

	for (long i = 1; i < number; i++) {
		struct knot *knot = knot_of(type, obituary);

		knot->value = i;
		leash_set_take(&last->next, knot);
		last = knot;
	}
	leash_set(&last->next, first);
	return first;
}

static inline struct knot *ring(struct obituary *obituary, long number)
{
	return ring_of(&knot_type, obituary, number);
}

static inline struct plain *plain_ring(long number)
{
	struct plain *first = plain_new(), *last = first;

	for (long i = 1; i < number; i++) {
		struct plain *plain = plain_new();

		leash_set_take(&last->next, plain);
		last = plain;
	}
	leash_set(&last->next, first);
	return first;
}

/* A chain of so many, of which the caller holds the first. */
static inline struct knot *chain(struct obituary *obituary, long number)
{
	struct knot *first = NULL;

	for (long i = 0; i < number; i++) {
		struct knot *knot = knot_new(obituary);

		leash_set_take(&knot->next, first);
		first = knot;
	}
	return first;
}

/* A number that leash_stats_print() tells. */
static inline long statistic(const char *name)
{
	char *text = NULL, *line, *rest;
	size_t size = 0, length = strlen(name);
	long value = -1;
	FILE *stream = open_memstream(&text, &size);

	if (!stream || leash_stats_print(stream, LEASH_TEXT) != 0)
		bail_out("no statistics");
	fclose(stream);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			value = atol(line + length + 1);
	free(text);
	return value;
}

/* Objects in memory, immortal ones included. */
static inline long alive(void)
{
	return statistic("alive");
}

#endif
