/* What an entry of a map is called.
 *
 * By its key: a number as such, bytes in quotation marks, as far as they are UTF-8 and no control characters as they are,
 * and else as in C, and 40 of them at most, as printed; an object by its address.
 *
 * Entries may go at any time, so keys are copied in the read section that found the entry: as many bytes as will be
 * printed.  tools/leash_heap.py prints the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "debugger.h"
#include "map_key.h"
#include "quote.h"

#define SHOWN 40

struct copy {
	uint64_t number;
	enum kind { NUMBER, BYTES, OBJECT } kind;
	unsigned char bytes[SHOWN];
};

const struct lsh_map_layout *lsh_map_layout_of(const leash_type *type)
{
	if (type == lsh_map_layout.type)
		return &lsh_map_layout;
	return type == lsh_key_map_layout.type ? &lsh_key_map_layout : NULL;
}

void lsh_keys_free(struct lsh_keys *keys)
{
	lsh_array_free(&keys->copies_);
	keys->used = 0;
}

/* Of a copy only as many bytes are kept as the key has.  Multiples of 8, which is what numbers count. */
static size_t bytes_of(const struct copy *copy)
{
	size_t shown = copy->kind != BYTES ? 0 : copy->number < SHOWN ? copy->number : SHOWN;

	return (offsetof(struct copy, bytes) + shown + 7) & ~(size_t)7;
}

bool lsh_keys_add(struct lsh_keys *keys, const struct lsh_map_layout *layout, const void *value, uint32_t *number)
{
	const char *entry = (const char *)value + layout->value;
	struct copy copy = { .kind = layout->objects ? OBJECT : NUMBER };
	size_t bytes;

	copy.number = *(const uint64_t *)(const void *)(entry + layout->number);
	if (*(const bool *)(entry + layout->is_bytes)) {
		copy.kind = BYTES;
		memcpy(copy.bytes, entry + layout->bytes, copy.number < SHOWN ? copy.number : SHOWN);
	}
	bytes = bytes_of(&copy);
	if (keys->used + bytes / 8 >= LSH_KEYS_MAX || !lsh_array_reserve(&keys->copies_, (keys->used + bytes / 8) * 8))
		return false;
	memcpy((char *)keys->copies_.data + (size_t)keys->used * 8, &copy, bytes);
	*number = keys->used;
	keys->used += (uint32_t)(bytes / 8);
	return true;
}

/* One character, or one byte that is none; returns how many bytes of the key that is. */
static int one(char text[8], const unsigned char *c)
{
	int length = lsh_character(c);

	if (length == 0 || *c < ' ' || *c == 0x7f)
		snprintf(text, 8, *c == '\n' ? "\\n" : "\\x%02x", *c);
	else if (*c == '"' || *c == '\\')
		snprintf(text, 8, "\\%c", *c);
	else
		snprintf(text, 8, "%.*s", length, (const char *)c);
	return length ? length : 1;
}

static void write_bytes(char name[LSH_KEY_NAME], const struct copy *copy)
{
	/* Zeros behind them: no character goes on there. */
	unsigned char bytes[SHOWN + 4] = { 0 };
	size_t length = copy->number < SHOWN ? copy->number : SHOWN, i = 0, used = 0;
	char text[8];

	memcpy(bytes, copy->bytes, length);
	name += sprintf(name, "[\"");
	while (i < length) {
		size_t next = i + (size_t)one(text, bytes + i);

		if (used + strlen(text) > SHOWN)
			break;
		used += strlen(text);
		name = stpcpy(name, text);
		i = next;
	}
	strcpy(name, i < copy->number ? "\"...]" : "\"]");
}

void lsh_key_name(char name[LSH_KEY_NAME], const struct lsh_keys *keys, uint32_t number)
{
	const char *place = (const char *)keys->copies_.data + (size_t)number * 8;
	struct copy copy = { .kind = NUMBER };

	memcpy(&copy, place, offsetof(struct copy, bytes));
	memcpy(&copy, place, bytes_of(&copy) < sizeof(copy) ? bytes_of(&copy) : sizeof(copy));
	if (copy.kind == BYTES)
		write_bytes(name, &copy);
	else
		snprintf(name, LSH_KEY_NAME, copy.kind == OBJECT ? "[0x%" PRIx64 "]" : "[%" PRIu64 "]", copy.number);
}
