/* An image by type.
 *
 * Edges are as many as there may be references, kinds of edges are few: each edge becomes a word that says its kind, the words
 * are sorted, and what is the same is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "field_name.h"
#include "summary.h"

#define TYPES ((size_t)LEASH__TYPE_MASK + 1)

/* An edge's kind, from the most significant bit: rank of the type, entry of its fields, rank of the other type, in a cycle.
 * Entries that do not fit are shown as the last one. */
#define TYPE_BITS  16
#define ENTRY_BITS 31
#define ENTRY_MAX  ((UINT32_C(1) << ENTRY_BITS) - 1)
_Static_assert(LEASH__TYPE_MASK < 1 << TYPE_BITS && 2 * TYPE_BITS + ENTRY_BITS + 1 == 64, "an edge's kind is a word");

static uint32_t type_of(const struct lsh_image *image, uint32_t node)
{
	return (uint32_t)(lsh_nodes(&image->graph)[node].shared & LEASH__TYPE_MASK);
}

static int by_bytes(const void *one, const void *other)
{
	const struct lsh_type_summary *a = one, *b = other;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return strcmp(a->type->name, b->type->name);
}

static void count_objects(struct lsh_type_summary *by_type, const struct lsh_image *image,
			  const struct lsh_cycles *cycles)
{
	uint32_t node;

	for (node = 0; node < lsh_image_size(image); node++) {
		struct lsh_type_summary *t = &by_type[type_of(image, node)];

		if (lsh_image_is_dead(image, node))
			continue;
		t->type = lsh_image_type(image, node);
		t->number = type_of(image, node);
		t->objects++;
		t->bytes += lsh_image_bytes(image, node);
		t->immortal += lsh_image_is_immortal(image, node);
		t->outside += !lsh_image_is_immortal(image, node) && lsh_image_is_root(image, node);
		t->garbage += lsh_cycles_is_garbage(cycles, node);
	}
}

/* Entries by a type's number become those of the summary. */
static void sort_types(struct lsh_summary *summary)
{
	struct lsh_type_summary *types = summary->types_.data;
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (types[i].objects)
			types[summary->type_count++] = types[i];
	if (summary->type_count)
		qsort(types, summary->type_count, sizeof(*types), by_bytes);
}

static int by_value(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

static size_t list_edges(const struct lsh_image *image, const struct lsh_cycles *cycles, const uint32_t *ranks,
			 uint64_t *kinds)
{
	uint32_t node, edge;
	size_t count = 0;

	for (node = 0; node < lsh_image_size(image); node++)
		for (edge = lsh_image_from(image, node); edge < lsh_image_to(image, node); edge++) {
			uint32_t target = lsh_image_target(image, edge);
			uint64_t entry = lsh_field_entry(lsh_image_type(image, node), lsh_image_label(image, edge));

			if (lsh_image_is_dead(image, target))
				continue;
			kinds[count++] = (uint64_t)ranks[type_of(image, node)] << (64 - TYPE_BITS) |
					 (entry < ENTRY_MAX ? entry : ENTRY_MAX) << (TYPE_BITS + 1) |
					 (uint64_t)ranks[type_of(image, target)] << 1 |
					 (lsh_cycle_of_edge(cycles, image, node, edge) != 0);
		}
	return count;
}

static bool count_fields(struct lsh_summary *summary, const uint64_t *kinds, size_t count)
{
	struct lsh_field_summary *field = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		if (!i || kinds[i] >> 1 != kinds[i - 1] >> 1) {
			if (!lsh_array_reserve(&summary->fields_, (summary->field_count + 1) * sizeof(*field)))
				return false;
			field = (struct lsh_field_summary *)summary->fields_.data + summary->field_count++;
			*field = (struct lsh_field_summary){
				.from = (uint32_t)(kinds[i] >> (64 - TYPE_BITS)),
				.entry = (uint32_t)(kinds[i] >> (TYPE_BITS + 1)) & ENTRY_MAX,
				.to = (uint32_t)(kinds[i] >> 1) & LEASH__TYPE_MASK,
			};
		}
		field->references++;
		field->in_cycles += kinds[i] & 1;
	}
	return true;
}

static bool sum_up_fields(struct lsh_summary *summary, const struct lsh_image *image, const struct lsh_cycles *cycles)
{
	struct lsh_array ranks = { NULL }, kinds = { NULL };
	uint32_t i;
	bool memory = lsh_array_reserve(&ranks, TYPES * sizeof(uint32_t)) &&
		      lsh_array_reserve(&kinds, ((size_t)lsh_image_edges(image) + 1) * sizeof(uint64_t));
	size_t count;

	if (memory) {
		for (i = 0; i < summary->type_count; i++)
			((uint32_t *)ranks.data)[lsh_summary_types(summary)[i].number] = i;
		count = list_edges(image, cycles, ranks.data, kinds.data);
		qsort(kinds.data, count, sizeof(uint64_t), by_value);
		memory = count_fields(summary, kinds.data, count);
	}
	lsh_array_free(&ranks);
	lsh_array_free(&kinds);
	return memory;
}

bool lsh_summary_make(struct lsh_summary *summary, const struct lsh_image *image, const struct lsh_cycles *cycles)
{
	*summary = (struct lsh_summary){ .type_count = 0 };
	if (!lsh_array_reserve(&summary->types_, TYPES * sizeof(struct lsh_type_summary)))
		return false;
	count_objects(summary->types_.data, image, cycles);
	sort_types(summary);
	return sum_up_fields(summary, image, cycles);
}

void lsh_summary_free(struct lsh_summary *summary)
{
	lsh_array_free(&summary->types_);
	lsh_array_free(&summary->fields_);
}
