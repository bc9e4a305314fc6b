/* Strings: immutable bytes, in one block with their header.  Nothing to trace, nothing to destroy. */
#include <errno.h>
#include <string.h>

#include <leash/object.h>
#include <leash/stock.h>

struct leash_string {
	size_t length;
	char text[]; /* and a 0 */
};

static const leash_type string_type = {
	.name = "leash_string",
	.size = sizeof(struct leash_string),
	.flags = LEASH_WEAKABLE,
};

leash_string *leash_string_new_bytes(const void *bytes, size_t length)
{
	struct leash_string *string;

	if (length >= UINT32_MAX || (!bytes && length)) {
		errno = EINVAL;
		return NULL;
	}
	string = leash_new_extra(&string_type, length + 1);
	if (!string)
		return NULL;
	string->length = length;
	if (length)
		memcpy(string->text, bytes, length);
	return string;
}

leash_string *leash_string_new(const char *text)
{
	return leash_string_new_bytes(text, strlen(text));
}

const char *leash_string_text(const leash_string *string)
{
	return string->text;
}

size_t leash_string_length(const leash_string *string)
{
	return string->length;
}

bool leash_string_equal(const leash_string *a, const leash_string *b)
{
	return a == b || (a->length == b->length && memcmp(a->text, b->text, a->length) == 0);
}
