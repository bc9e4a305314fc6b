/* A dump as a graph for dot.
 *
 *      outline and references in a colour   in a cycle; each cycle has its own, as far as there are enough
 *      filled                               garbage
 *      heavy outline                        held from outside
 *      two outlines                         the object whose surroundings are shown
 *      "..."                                there is more than is shown
 *
 * Addresses are tooltips, each on a line of its own here, so that they are easily left out where pictures are compared.
 */
#include <inttypes.h>

#include "dump.h"
#include "field_name.h"
#include "quote.h"

/* As lines of a graph's label. */
#define CHANGED    "changed while looking: other threads counted or wrote fields meanwhile\\n"
#define INCOMPLETE "only the object and what it refers to are known (LEASH_OPTIONS=track:true knows all)\\n"

/* The first six are distinguishable by the colour-blind, too: M. Okabe and K. Ito, Color Universal Design, 2008. */
static const char *const colours[] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c510a", "#7f3c8d",
};

static const char *colour_of(uint32_t cycle)
{
	return cycle ? colours[(cycle - 1) % (sizeof(colours) / sizeof(*colours))] : "black";
}

static void begin(const struct lsh_dump *dump, FILE *stream)
{
	fputs("digraph heap {\n"
	      "\tnode [shape=box, fontname=\"sans-serif\", fontsize=11];\n"
	      "\tedge [fontname=\"sans-serif\", fontsize=10];\n", stream);
	if (!dump->image->complete || !dump->image->consistent)
		fprintf(stream, "\tlabel=\"%s%s\";\n", dump->image->consistent ? "" : CHANGED,
			dump->image->complete ? "" : INCOMPLETE);
}

static void print_counts(const struct lsh_dump *dump, uint32_t node, FILE *stream)
{
	uint32_t count = lsh_image_count(dump->image, node);

	if (lsh_image_is_immortal(dump->image, node)) {
		fputs("immortal", stream);
		return;
	}
	fprintf(stream, "%" PRIu32 " reference%s", count, lsh_plural(count));
	if (lsh_image_outside(dump->image, node))
		fprintf(stream, ", %" PRId32 " from outside", lsh_image_outside(dump->image, node));
}

static void print_node(const struct lsh_dump *dump, uint32_t node, FILE *stream)
{
	uint32_t cycle = lsh_cycle_of(&dump->cycles, node);
	bool garbage = lsh_cycles_is_garbage(&dump->cycles, node);

	fprintf(stream, "\tn%" PRIu32 " [label=\"", lsh_shown_number(&dump->shown, node));
	lsh_quote_graphviz(stream, lsh_image_type(dump->image, node)->name);
	fputs("\\n", stream);
	print_counts(dump, node, stream);
	fprintf(stream, "%s%s\"", garbage ? "\\ngarbage" : "",
		lsh_shown_has_more(&dump->shown, node) ? "\\n..." : "");
	if (cycle)
		fprintf(stream, ", color=\"%s\"", colour_of(cycle));
	if (lsh_image_is_root(dump->image, node))
		fputs(", penwidth=3", stream);
	if (garbage)
		fputs(", style=filled, fillcolor=\"#dddddd\"", stream);
	if (node == dump->shown.centre)
		fputs(", peripheries=2", stream);
	fprintf(stream, ",\n\t\ttooltip=\"%p, %" PRIu64 " bytes\"];\n", lsh_image_object(dump->image, node),
		lsh_image_bytes(dump->image, node));
}

static void print_edges(const struct lsh_dump *dump, uint32_t node, FILE *stream)
{
	const struct lsh_image *image = dump->image;
	uint32_t edge;

	for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
		uint32_t target = lsh_image_target(image, edge);
		uint32_t cycle = lsh_cycle_of_edge(&dump->cycles, image, node, edge);
		char name[LSH_FIELD_NAME];

		if (!lsh_shown_number(&dump->shown, target))
			continue;
		lsh_field_name(name, lsh_image_type(image, node), &image->keys, lsh_image_label(image, edge));
		fprintf(stream, "\tn%" PRIu32 " -> n%" PRIu32 " [label=\"", lsh_shown_number(&dump->shown, node),
			lsh_shown_number(&dump->shown, target));
		lsh_quote_graphviz(stream, name);
		fputc('"', stream);
		if (cycle)
			fprintf(stream, ", color=\"%s\"", colour_of(cycle));
		fputs("];\n", stream);
	}
}

static void print_objects(const struct lsh_dump *dump, FILE *stream)
{
	uint32_t i;

	begin(dump, stream);
	for (i = 0; i < dump->shown.count; i++)
		print_node(dump, lsh_shown_node(&dump->shown, i), stream);
	for (i = 0; i < dump->shown.count; i++)
		print_edges(dump, lsh_shown_node(&dump->shown, i), stream);
	fputs("}\n", stream);
}

static void print_type(const struct lsh_type_summary *type, uint32_t number, FILE *stream)
{
	fprintf(stream, "\tt%" PRIu32 " [label=\"", number);
	lsh_quote_graphviz(stream, type->type->name);
	fprintf(stream, "\\n%" PRIu64 " object%s, %" PRIu64 " bytes", type->objects, lsh_plural(type->objects), type->bytes);
	if (type->outside)
		fprintf(stream, "\\n%" PRIu64 " held from outside", type->outside);
	if (type->immortal)
		fprintf(stream, "\\n%" PRIu64 " immortal", type->immortal);
	if (type->garbage)
		fprintf(stream, "\\n%" PRIu64 " garbage", type->garbage);
	fprintf(stream, "\"%s%s];\n", type->outside || type->immortal ? ", penwidth=3" : "",
		type->garbage ? ", style=filled, fillcolor=\"#dddddd\"" : "");
}

static void print_field(const struct lsh_summary *summary, const struct lsh_field_summary *field, FILE *stream)
{
	char name[LSH_FIELD_NAME];

	lsh_field_entry_name(name, lsh_summary_types(summary)[field->from].type, field->entry);
	fprintf(stream, "\tt%" PRIu32 " -> t%" PRIu32 " [label=\"", field->from + 1, field->to + 1);
	lsh_quote_graphviz(stream, name);
	fprintf(stream, ": %" PRIu64, field->references);
	if (field->in_cycles)
		fprintf(stream, ", %" PRIu64 " in cycles\", color=\"%s\"];\n", field->in_cycles, colour_of(1));
	else
		fputs("\"];\n", stream);
}

static void print_summary(const struct lsh_dump *dump, FILE *stream)
{
	const struct lsh_summary *summary = &dump->summary;
	uint32_t i;

	begin(dump, stream);
	for (i = 0; i < summary->type_count; i++)
		print_type(&lsh_summary_types(summary)[i], i + 1, stream);
	for (i = 0; i < summary->field_count; i++)
		print_field(summary, &lsh_summary_fields(summary)[i], stream);
	fputs("}\n", stream);
}

const struct lsh_dump_format lsh_dump_graphviz = { print_objects, print_summary };
