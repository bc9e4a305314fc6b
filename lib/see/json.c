/* JSON's strings (RFC 8259): names of types and fields are the program's, and may be anything. */
#include <stdint.h>

#include "json.h"

/* The bytes of the character that begins here, 0 if there is none (RFC 3629: neither overlong, nor a surrogate, nor too
 * large). */
static int utf8_length(const unsigned char *c)
{
	uint32_t value;
	int length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0, i;

	value = *c & (0xffu >> (length > 1 ? length + 1 : 0));
	for (i = 1; i < length; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c[i] & 0x3f);
	}
	if ((length == 3 && value < 0x800) || (length == 4 && (value < 0x10000 || value > 0x10ffff)) ||
	    (value >= 0xd800 && value < 0xe000))
		return 0;
	return length;
}

void lsh_json_string(FILE *stream, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	fputc('"', stream);
	while (*c) {
		int length = utf8_length(c);

		if (!length)
			fputs("\\ufffd", stream);
		else if (*c < 0x20)
			fprintf(stream, "\\u%04x", *c);
		else
			fprintf(stream, "%s%.*s", *c == '"' || *c == '\\' ? "\\" : "", length, (const char *)c);
		c += length ? length : 1;
	}
	fputc('"', stream);
}
