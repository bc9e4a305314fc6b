/* leash_why: what keeps an object alive.
 *
 * Three answers are possible, and what is printed is the first that fits:
 *
 *      a chain      another object that is held from outside leads to it
 *      a cycle      it leads to itself: only references from outside to the cycle keep it, or, without any, nothing
 *                   does, and the collector will reclaim it
 *      a tail       it hangs from such a cycle
 *
 * The references from outside to the object itself are told first: the caller's own is always among them.
 *
 * If something changed between the two looks of the image, a new one is taken, a few times; then what was seen is printed with
 * a line that says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <leash/see.h>

#include "../fault.h"
#include "../harden.h"
#include "../type.h"
#include "field_name.h"
#include "path.h"
#include "quote.h"
#include "why.h"

struct telling {
	const struct lsh_image *image;
	FILE *stream;
	const char *before; /* at the beginning of each line */
};

static void tell_node(const struct telling *telling, uint32_t node)
{
	fprintf(telling->stream, "%s %p", lsh_image_type(telling->image, node)->name,
		lsh_image_object(telling->image, node));
}

/* One line for the first object, one for each step. */
static void tell_path(const struct telling *telling, const struct lsh_path *path)
{
	const struct lsh_image *image = telling->image;
	uint32_t node = path->start, i;

	for (i = 0; i < path->length; i++) {
		char name[LSH_FIELD_NAME];
		uint32_t edge = lsh_path_edge(path, i);

		lsh_field_name(name, lsh_image_type(image, node), &image->keys, lsh_image_label(image, edge));
		node = lsh_image_target(image, edge);
		fprintf(telling->stream, "%s  %s%s -> ", telling->before, name[0] == '[' ? "" : ".", name);
		tell_node(telling, node);
		fputc('\n', telling->stream);
	}
}

static void tell_start(const struct telling *telling, uint32_t node, bool why)
{
	fprintf(telling->stream, "%s  ", telling->before);
	tell_node(telling, node);
	if (why && lsh_image_is_immortal(telling->image, node))
		fputs(", immortal", telling->stream);
	else if (why)
		fprintf(telling->stream, ", %" PRId32 " from outside", lsh_image_outside(telling->image, node));
	fputc('\n', telling->stream);
}

static void tell_counts(const struct telling *telling, uint32_t node)
{
	uint32_t count = lsh_image_count(telling->image, node);
	int32_t outside = lsh_image_outside(telling->image, node);

	fputs(telling->before, telling->stream);
	tell_node(telling, node);
	if (lsh_image_is_immortal(telling->image, node)) {
		fputs(" is immortal: it is not counted\n", telling->stream);
		return;
	}
	fprintf(telling->stream, ": %" PRIu32 " reference%s, %" PRIu32 " from fields, %" PRId32 " from %s\n", count,
		lsh_plural(count), count - (uint32_t)outside, outside,
		telling->image->complete ? "outside" : "outside or from fields of objects that are not known");
}

/* Whether the collector looks at all of the path's objects; says which it does not. */
static bool is_collectable(const struct telling *telling, const struct lsh_path *path)
{
	uint32_t node = path->start, i;

	for (i = 0; i < path->length; i++) {
		const leash_type *type = lsh_image_type(telling->image, node);

		if (type->flags & LEASH_ACYCLIC) {
			fprintf(telling->stream, "%sthe type %s is LEASH_ACYCLIC: the cycle is never collected\n",
				telling->before, type->name);
			return false;
		}
		node = lsh_image_target(telling->image, lsh_path_edge(path, i));
	}
	return true;
}

/* Without a chain from elsewhere, the cycle's own references from outside are the object's. */
static void tell_cycle(const struct telling *telling, const struct lsh_path *cycle, uint32_t node)
{
	bool held = lsh_image_is_root(telling->image, node);

	fprintf(telling->stream, "%sin a cycle%s:\n", telling->before,
		held ? ", which will keep it when the references from outside are gone, until it is collected"
		     : telling->image->complete ? " to which nothing leads from outside" : "");
	tell_start(telling, cycle->start, false);
	tell_path(telling, cycle);
	if (is_collectable(telling, cycle) && !held && telling->image->complete)
		fprintf(telling->stream, "%sa collection will reclaim it\n", telling->before);
}

static bool tell_tail(const struct telling *telling, uint32_t node)
{
	struct lsh_path cycle, rest;
	bool memory = lsh_path_hangs_from(telling->image, node, &cycle, &rest);

	if (memory && cycle.start != LSH_NONE) {
		fprintf(telling->stream, "%sheld by a cycle to which nothing leads from outside:\n", telling->before);
		tell_start(telling, cycle.start, false);
		tell_path(telling, &cycle);
		fprintf(telling->stream, "%sfrom which it hangs:\n", telling->before);
		tell_start(telling, rest.start, false);
		tell_path(telling, &rest);
		if (is_collectable(telling, &cycle))
			fprintf(telling->stream, "%sa collection will reclaim it\n", telling->before);
	}
	lsh_path_free(&cycle);
	lsh_path_free(&rest);
	return memory;
}

static bool tell_holders(const struct telling *telling, uint32_t node)
{
	struct lsh_path chain, cycle = { .start = LSH_NONE };
	bool memory = lsh_path_from_roots(telling->image, node, &chain);

	if (memory && chain.start != LSH_NONE) {
		fprintf(telling->stream, "%sshortest chain from outside:\n", telling->before);
		tell_start(telling, chain.start, true);
		tell_path(telling, &chain);
	} else if (memory) {
		memory = lsh_path_cycle(telling->image, node, &cycle);
		if (memory && cycle.start != LSH_NONE)
			tell_cycle(telling, &cycle, node);
		else if (memory && !lsh_image_is_root(telling->image, node))
			memory = tell_tail(telling, node);
	}
	lsh_path_free(&chain);
	lsh_path_free(&cycle);
	return memory;
}

bool lsh_why_print(const struct lsh_image *image, uint32_t node, FILE *stream, const char *before)
{
	struct telling telling = { image, stream, before };

	tell_counts(&telling, node);
	if (!tell_holders(&telling, node))
		return false;
	if (!image->complete)
		fprintf(stream, "%sonly the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)\n",
			before);
	if (!image->consistent)
		fprintf(stream, "%schanged while looking: other threads counted or wrote fields meanwhile\n", before);
	return true;
}

int leash_why(const void *object, FILE *stream)
{
	struct lsh_image image;
	uint32_t node;
	int error;

	if (!object || !stream)
		return -EINVAL;
	lsh_harden_check(leash__header_of(object), "leash_why");
	error = lsh_image_take_consistent(&image, object);
	if (error)
		return error;
	node = lsh_image_find(&image, object);
	if (node == LSH_NONE || lsh_image_is_dead(&image, node))
		lsh_fault(leash__header_of(object), "asked why it is alive after its death");
	if (!lsh_why_print(&image, node, stream, ""))
		error = -ENOMEM;
	lsh_image_drop(&image);
	return error ? error : ferror(stream) ? -EIO : 0;
}
