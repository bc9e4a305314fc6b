/* What a field is called.
 *
 * A type's field_names is the text of its LEASH_FIELDS: names between commas, a tail with LEASH_TAIL() around it.  An
 * entry of several references is told apart by numbers in brackets, and what stands in a map by its key (map_key.c).
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../type.h"
#include "field_name.h"

struct lsh_fields lsh_fields_of(const struct leash__header *h, struct lsh_keys *keys)
{
	return (struct lsh_fields){
		.payload = (const char *)(h + 1),
		.bytes = lsh_payload(h),
		.keys = keys,
		.map = keys ? lsh_map_layout_of(lsh_type_of(h)->type) : NULL,
	};
}

uint32_t lsh_field_label(struct lsh_fields *fields, const void *field)
{
	const char *place = field;
	uint32_t number;

	if (place >= fields->payload && place < fields->payload + fields->bytes)
		return (uint32_t)((size_t)(place - fields->payload) / sizeof(void *));
	if (fields->map && lsh_keys_add(fields->keys, fields->map, field, &number))
		return LSH_FIELD_KEYED | number;
	return LSH_FIELD_TRACED | fields->traced++;
}

static size_t offset_of(leash_field field)
{
	return (uint32_t)field;
}

static bool is_tail(leash_field field)
{
	return field >> 56 == LEASH__FIELD_TAIL;
}

static bool is_row(leash_field field)
{
	return is_tail(field) || (field >> 32 & 0xffffff) > 1;
}

size_t lsh_field_entry(const leash_type *type, uint32_t field)
{
	size_t offset = (size_t)field * sizeof(void *), i;

	if (field & LSH_FIELD_TRACED)
		return type->field_count;
	for (i = 0; i < type->field_count; i++) {
		size_t begin = offset_of(type->fields[i]);
		size_t bytes = (size_t)(type->fields[i] >> 32 & 0xffffff) * sizeof(void *);

		if (offset >= begin && (is_tail(type->fields[i]) || offset < begin + bytes))
			return i;
	}
	return type->field_count;
}

/* Where the text of an entry begins, and its length. */
static const char *text_of(const leash_type *type, size_t entry, size_t *length)
{
	const char *text = type->field_names;
	size_t depth = 0;

	*length = 0;
	if (!text)
		return NULL;
	for (; entry && *text; text++) {
		depth += *text == '(' || *text == '[';
		depth -= *text == ')' || *text == ']';
		entry -= *text == ',' && depth == 0;
	}
	text += strspn(text, " \t\n");
	if (strncmp(text, "LEASH_TAIL", 10) == 0) {
		text += strcspn(text, "(");
		text += strspn(text, "( ");
		*length = strcspn(text, " )");
	} else {
		*length = strcspn(text, " ,");
	}
	return *length ? text : NULL;
}

static void write_entry(char name[LSH_FIELD_NAME], const leash_type *type, size_t entry, const char *behind)
{
	size_t length;
	const char *text = text_of(type, entry, &length);

	if (text)
		snprintf(name, LSH_FIELD_NAME, "%.*s%s", (int)(length < 60 ? length : 60), text, behind);
	else
		snprintf(name, LSH_FIELD_NAME, "field %zu%s", entry, behind);
}

void lsh_field_name(char name[LSH_FIELD_NAME], const leash_type *type, const struct lsh_keys *keys, uint32_t field)
{
	size_t entry = lsh_field_entry(type, field);
	char number[16] = "";

	if (field == LSH_FIELD_UNKNOWN) {
		snprintf(name, LSH_FIELD_NAME, "?");
		return;
	}
	if ((field & LSH_FIELD_KEYED) == LSH_FIELD_KEYED) {
		lsh_key_name(name, keys, field & ~LSH_FIELD_KEYED);
		return;
	}
	if (entry == type->field_count) {
		snprintf(name, LSH_FIELD_NAME, "[%u]", field & ~LSH_FIELD_TRACED);
		return;
	}
	if (is_row(type->fields[entry]))
		snprintf(number, sizeof(number), "[%zu]",
			 field - offset_of(type->fields[entry]) / sizeof(void *));
	write_entry(name, type, entry, number);
}

void lsh_field_entry_name(char name[LSH_FIELD_NAME], const leash_type *type, size_t entry)
{
	if (entry >= type->field_count)
		snprintf(name, LSH_FIELD_NAME, "[]");
	else
		write_entry(name, type, entry, is_row(type->fields[entry]) ? "[]" : "");
}
