/* Looking at the heap while it changes, and when it rests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler.h"
#include "see/image.h"
#include "stress-graph.h"

static bool is_ours(const leash_type *type)
{
	return type >= graph_types && type < graph_types + GRAPH_KINDS;
}

/* Immortal objects of earlier rounds are still there. */
static bool is_of_this_round(const struct lsh_image *image, uint32_t node)
{
	const struct managed *m = lsh_image_object(image, node);

	return is_ours(lsh_image_type(image, node)) && (size_t)(m->record - records) < oracle_made() &&
	       m->record->object == m;
}

static void note(const void *object, const leash_type *type, const char *field, void *arg)
{
	if (!object || (field && !*field))
		oracle_fail(object, "nothing, or a field without a name");
	*(long *)arg += is_ours(type);
}

static void ask_why(const struct managed *m)
{
	char *text = NULL;
	size_t length = 0, name = strlen(leash_typeof(m)->name);
	FILE *stream = open_memstream(&text, &length);
	int error = stream ? leash_why(m, stream) : -1;

	if (error || fclose(stream) || strncmp(text, leash_typeof(m)->name, name) != 0)
		oracle_fail(m, "why: %d, %s", error, text ? text : "nothing");
	free(text);
}

void see_something(void)
{
	struct managed *m = mailbox_peek(scheduler_below(MAILBOXES));
	long number = 0;

	switch (m ? scheduler_below(4) : 3) {
	case 0:
		ask_why(m);
		break;
	case 1:
		leash_referents(m, note, &number);
		break;
	case 2:
		leash_referrers(m, note, &number);
		break;
	case 3:
		leash_objects(note, &number);
		break;
	}
	if (m)
		oracle_release(m);
}

static void compare(const struct lsh_image *image, uint32_t node)
{
	const struct managed *m = lsh_image_object(image, node);
	const struct record *record = m->record;
	uint32_t edges = 0, i;

	for (i = 0; i < EDGES; i++)
		edges += record->edges[i] != NULL;
	if (lsh_image_to(image, node) - lsh_image_from(image, node) != edges)
		oracle_fail(m, "%u references are seen in its fields, there are %u",
			    lsh_image_to(image, node) - lsh_image_from(image, node), edges);
	if (!record->immortal && lsh_image_outside(image, node) != record->external)
		oracle_fail(m, "%d references are seen from outside, there are %d", lsh_image_outside(image, node),
			    record->external);
}

void see_at_rest(void)
{
	struct lsh_image image;
	uint32_t node;
	long number = 0;

	if (lsh_image_take(&image, NULL) || !image.consistent)
		oracle_fail(NULL, "no image of a heap at rest");
	for (node = 0; node < lsh_image_size(&image); node++)
		if (is_of_this_round(&image, node)) {
			number++;
			compare(&image, node);
		}
	if (number != oracle_alive())
		oracle_fail(NULL, "%ld objects are seen, there are %ld", number, oracle_alive());
	lsh_image_drop(&image);
}
