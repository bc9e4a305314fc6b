/* leash_heap_dump: pictures of the heap.
 *
 *      image     objects, references, and what no field accounts for     image.c
 *      cycles    which of them hang together, and what is garbage        cycles.c
 *      shown     all, or the surroundings of one                         around.c
 *      summary   or, where they are too many to look at, by type         summary.c
 *      format    Graphviz, JSON                                          dump_graphviz.c, dump_json.c
 *
 * Objects are numbered in the order in which they are shown, and addresses stand only where nobody looks first, so that two
 * dumps of a program that does the same look the same.
 */
#include <errno.h>

#include <leash/see.h>

#include "../fault.h"
#include "../harden.h"
#include "dump.h"

#define OBJECTS_MAX 500 /* more are summarised */

/* False without memory. */
static bool print_objects(struct lsh_dump *dump, uint32_t centre, const struct lsh_dump_format *format, FILE *stream)
{
	bool memory = centre == LSH_NONE ? lsh_show_all(&dump->shown, dump->image)
					 : lsh_show_around(&dump->shown, dump->image, centre);

	if (memory)
		format->objects(dump, stream);
	lsh_shown_free(&dump->shown);
	return memory;
}

static bool print_summary(struct lsh_dump *dump, const struct lsh_dump_format *format, FILE *stream)
{
	bool memory = lsh_summary_make(&dump->summary, dump->image, &dump->cycles);

	if (memory)
		format->summary(dump, stream);
	lsh_summary_free(&dump->summary);
	return memory;
}

static bool print(const struct lsh_image *image, uint32_t centre, const struct lsh_dump_format *format, FILE *stream)
{
	struct lsh_dump dump = { .image = image };
	bool memory = lsh_cycles_find(&dump.cycles, image);

	if (memory && centre == LSH_NONE && lsh_image_size(image) > OBJECTS_MAX)
		memory = print_summary(&dump, format, stream);
	else if (memory)
		memory = print_objects(&dump, centre, format, stream);
	lsh_cycles_free(&dump.cycles);
	return memory;
}

static uint32_t centre_of(struct lsh_image *image, const void *object)
{
	uint32_t node = lsh_image_find(image, object);

	if (node == LSH_NONE || lsh_image_is_dead(image, node))
		lsh_fault(leash__header_of(object), "drawn after its death");
	return node;
}

int leash_heap_dump(FILE *stream, leash_format format, const void *object)
{
	const struct lsh_dump_format *printer = format == LEASH_GRAPHVIZ ? &lsh_dump_graphviz
						: format == LEASH_JSON   ? &lsh_dump_json
									 : NULL;
	struct lsh_image image;
	int error;

	if (!stream || !printer)
		return -EINVAL;
	if (object)
		lsh_harden_check(leash__header_of(object), "leash_heap_dump");
	error = lsh_image_take_consistent(&image, object);
	if (error)
		return error;
	if (!print(&image, object ? centre_of(&image, object) : LSH_NONE, printer, stream))
		error = -ENOMEM;
	lsh_image_drop(&image);
	return error ? error : ferror(stream) ? -EIO : 0;
}
