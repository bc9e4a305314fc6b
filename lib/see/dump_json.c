/* A dump as JSON, one object or type a line: docs/seeing.md says what the members mean. */
#include <inttypes.h>

#include "dump.h"
#include "field_name.h"
#include "quote.h"

static const char *true_false(bool value)
{
	return value ? "true" : "false";
}

static void print_fields(const struct lsh_dump *dump, uint32_t node, FILE *stream)
{
	const struct lsh_image *image = dump->image;
	const char *between = "";
	uint32_t edge;

	for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
		uint32_t number = lsh_shown_number(&dump->shown, lsh_image_target(image, edge));
		char name[LSH_FIELD_NAME];

		lsh_field_name(name, lsh_image_type(image, node), &image->keys, lsh_image_label(image, edge));
		fprintf(stream, "%s{\"field\":", between);
		lsh_quote_json(stream, name);
		if (number)
			fprintf(stream, ",\"object\":%" PRIu32 "}", number);
		else
			fputs(",\"object\":null}", stream);
		between = ",";
	}
}

static void print_counts(const struct lsh_image *image, uint32_t node, FILE *stream)
{
	if (lsh_image_is_immortal(image, node))
		fputs(",\"references\":null,\"outside\":null", stream);
	else
		fprintf(stream, ",\"references\":%" PRIu32 ",\"outside\":%" PRId32, lsh_image_count(image, node),
			lsh_image_outside(image, node));
}

static void print_object(const struct lsh_dump *dump, uint32_t node, FILE *stream)
{
	const struct lsh_image *image = dump->image;
	uint32_t cycle = lsh_cycle_of(&dump->cycles, node);

	fprintf(stream, "{\"id\":%" PRIu32 ",\"address\":\"%p\",\"type\":", lsh_shown_number(&dump->shown, node),
		lsh_image_object(image, node));
	lsh_quote_json(stream, lsh_image_type(image, node)->name);
	fprintf(stream, ",\"bytes\":%" PRIu64, lsh_image_bytes(image, node));
	print_counts(image, node, stream);
	if (cycle)
		fprintf(stream, ",\"cycle\":%" PRIu32, cycle);
	else
		fputs(",\"cycle\":null", stream);
	fprintf(stream, ",\"garbage\":%s,\"immortal\":%s,\"more\":%s,\"fields\":[",
		true_false(lsh_cycles_is_garbage(&dump->cycles, node)), true_false(lsh_image_is_immortal(image, node)),
		true_false(lsh_shown_has_more(&dump->shown, node)));
	print_fields(dump, node, stream);
	fputs("]}", stream);
}

static void end(const struct lsh_dump *dump, FILE *stream)
{
	fprintf(stream, "\"complete\":%s,\"consistent\":%s}\n", true_false(dump->image->complete),
		true_false(dump->image->consistent));
}

static void print_objects(const struct lsh_dump *dump, FILE *stream)
{
	uint32_t i;

	fputs("{\"objects\":[", stream);
	for (i = 0; i < dump->shown.count; i++) {
		fputs(i ? ",\n" : "\n", stream);
		print_object(dump, lsh_shown_node(&dump->shown, i), stream);
	}
	fprintf(stream, "\n],\n\"centre\":%s,", dump->shown.centre == LSH_NONE ? "null" : "1");
	end(dump, stream);
}

static void print_type(const struct lsh_type_summary *type, uint32_t number, FILE *stream)
{
	fprintf(stream, "{\"id\":%" PRIu32 ",\"type\":", number);
	lsh_quote_json(stream, type->type->name);
	fprintf(stream, ",\"objects\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"outside\":%" PRIu64 ",\"immortal\":%" PRIu64
		",\"garbage\":%" PRIu64 "}",
		type->objects, type->bytes, type->outside, type->immortal, type->garbage);
}

static void print_field(const struct lsh_summary *summary, const struct lsh_field_summary *field, FILE *stream)
{
	char name[LSH_FIELD_NAME];

	lsh_field_entry_name(name, lsh_summary_types(summary)[field->from].type, field->entry);
	fprintf(stream, "{\"type\":%" PRIu32 ",\"field\":", field->from + 1);
	lsh_quote_json(stream, name);
	fprintf(stream, ",\"to\":%" PRIu32 ",\"references\":%" PRIu64 ",\"in_cycles\":%" PRIu64 "}", field->to + 1,
		field->references, field->in_cycles);
}

static void print_summary(const struct lsh_dump *dump, FILE *stream)
{
	const struct lsh_summary *summary = &dump->summary;
	uint32_t i;

	fputs("{\"types\":[", stream);
	for (i = 0; i < summary->type_count; i++) {
		fputs(i ? ",\n" : "\n", stream);
		print_type(&lsh_summary_types(summary)[i], i + 1, stream);
	}
	fputs("\n],\n\"fields\":[", stream);
	for (i = 0; i < summary->field_count; i++) {
		fputs(i ? ",\n" : "\n", stream);
		print_field(summary, &lsh_summary_fields(summary)[i], stream);
	}
	fprintf(stream, "\n],\n\"cycles\":%" PRIu32 ",", dump->cycles.count);
	end(dump, stream);
}

const struct lsh_dump_format lsh_dump_json = { print_objects, print_summary };
