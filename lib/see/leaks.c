/* LEASH_OPTIONS=leak_report:true: at the end of the process, what is still alive.
 *
 * The report is a destructor of the library, which the linker's loader runs after the program's own exit handlers and
 * destructors: what they release has been released.  First the library is brought to rest, as by leash_shutdown(), so that what
 * waits or is garbage is not reported.  The process's exit status stays what it is; nothing alive, nothing said.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <leash/object.h>

#include "../options.h"
#include "../type.h"
#include "quote.h"
#include "why.h"

struct survivors {
	const leash_type *type;
	uint64_t objects, bytes;
	uint32_t first; /* node */
};

static int by_bytes(const void *one, const void *other)
{
	const struct survivors *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return strcmp(a->type->name, b->type->name);
}

/* `by_type` has an entry for each type's number. */
static void count(const struct lsh_image *image, struct survivors *by_type)
{
	uint32_t node;

	for (node = 0; node < lsh_image_size(image); node++) {
		struct survivors *s = &by_type[lsh_nodes(&image->graph)[node].shared & LEASH__TYPE_MASK];

		if (lsh_image_is_dead(image, node) || lsh_image_is_immortal(image, node))
			continue;
		if (s->objects++ == 0)
			*s = (struct survivors){ lsh_image_type(image, node), 1, 0, node };
		s->bytes += lsh_image_bytes(image, node);
		/* The oldest, probably; in any case the same each time. */
		if (lsh_image_object(image, node) < lsh_image_object(image, s->first))
			s->first = node;
	}
}

static void report(const struct lsh_image *image, struct survivors *by_type)
{
	uint64_t objects = 0, bytes = 0;
	size_t types = 0, i;

	count(image, by_type);
	for (i = 0; i <= LEASH__TYPE_MASK; i++)
		if (by_type[i].objects) {
			objects += by_type[i].objects;
			bytes += by_type[i].bytes;
			by_type[types++] = by_type[i];
		}
	if (!types)
		return;
	qsort(by_type, types, sizeof(*by_type), by_bytes);
	fprintf(stderr, "leash: still alive at the end: %" PRIu64 " object%s of %zu type%s, %" PRIu64 " bytes\n",
		objects, lsh_plural(objects), types, lsh_plural(types), bytes);
	for (i = 0; i < types; i++) {
		fprintf(stderr, "leash: %" PRIu64 " %s, %" PRIu64 " bytes%s\n", by_type[i].objects,
			by_type[i].type->name, by_type[i].bytes, by_type[i].objects > 1 ? "; one of them:" : ":");
		if (!lsh_why_print(image, by_type[i].first, stderr, "leash:   "))
			fputs("leash:   (no memory to find out why)\n", stderr);
	}
}

static __attribute__((destructor)) void report_at_end(void)
{
	struct survivors *by_type;
	struct lsh_image image;

	if (!lsh_options()->leak_report || leash_shutdown() == 0)
		return;
	by_type = calloc(LEASH__TYPE_MASK + 1, sizeof(*by_type));
	if (!by_type || lsh_image_take(&image, NULL)) {
		fputs("leash: no memory for the report of what is still alive\n", stderr);
		free(by_type);
		return;
	}
	report(&image, by_type);
	lsh_image_drop(&image);
	free(by_type);
}
