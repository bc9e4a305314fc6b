/* Texts: bytes that never change, in one block with their header.  Nothing to trace, nothing to destroy; whoever holds one may
 * read it, on any thread, for as long as it likes. */
#include <stdio.h>
#include <string.h>
#include "parse.h"
#include "value.h"

#define LONGEST_NUMBER 20 /* characters of INT64_MIN */

static const leash_type text_type = {
	.name = "text",
	.size = sizeof(struct text),
};

/* A text whose bytes are still to be written. */
static struct text *text_blank(size_t length)
{
	struct text *text = leash_new_extra(&text_type, length);

	if (!text)
		return NULL;
	text->value.kind = TEXT;
	text->length = length;
	return text;
}

struct text *text_new(const char *bytes, size_t length)
{
	struct text *text = text_blank(length);

	if (text && length)
		memcpy(text->bytes, bytes, length);
	return text;
}

struct text *text_of_number(int64_t number)
{
	char digits[LONGEST_NUMBER + 1];
	int length = snprintf(digits, sizeof(digits), "%lld", (long long)number);

	return text_new(digits, (size_t)length);
}

struct text *text_joined(const struct text *first, const char *bytes, size_t length)
{
	struct text *text = text_blank(first->length + length);

	if (!text)
		return NULL;
	memcpy(text->bytes, first->bytes, first->length);
	if (length)
		memcpy(text->bytes + first->length, bytes, length);
	return text;
}

bool text_is_number(const struct text *text, int64_t *number)
{
	return bytes_are_number(text->bytes, text->length, number);
}
