/* Quoting.
 *
 * Names of types and fields are strings of C, of any bytes.  JSON and Graphviz are UTF-8 (RFC 3629), so what is none becomes the
 * character that stands for such, U+FFFD, byte by byte.  Graphviz makes XML of its input, where control characters
 * cannot be said at all, and which an ampersand begins something in: it gets that character in their place, too.
 */
#include <stdbool.h>
#include <stdint.h>

#include "quote.h"

#define UNKNOWN "\xef\xbf\xbd"

/* What a character's first byte promises. */
static int length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	return first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
}

/* The length of the character that begins here, 0: none does.  Overlong ones, surrogates and what is beyond U+10FFFF are none, nor
 * are U+FFFE and U+FFFF, which XML does not have. */
int lsh_character(const unsigned char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int length = length_of(text[0]);
	uint32_t value = length > 1 ? text[0] & (0x7fu >> length) : text[0];
	int i;

	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text[i] & 0x3f);
	}
	if (length > 1 && (value < least[length] || value > 0x10ffff || value >> 11 == 0x1b || value >> 1 == 0x7fff))
		return 0;
	return length;
}

static void json_special(FILE *stream, unsigned char c)
{
	if (c == '"' || c == '\\')
		fprintf(stream, "\\%c", c);
	else if (c == '\n')
		fputs("\\n", stream);
	else if (c == '&')
		fputc(c, stream);
	else
		fprintf(stream, "\\u%04x", c);
}

static void graphviz_special(FILE *stream, unsigned char c)
{
	if (c == '"' || c == '\\')
		fprintf(stream, "\\%c", c);
	else if (c == '\n')
		fputs("\\n", stream);
	else
		fputs(c == '&' ? "&amp;" : UNKNOWN, stream);
}

static void quote(FILE *stream, const char *text, void (*special)(FILE *, unsigned char))
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c) {
		int length = lsh_character(c);

		if (length == 0)
			fputs(UNKNOWN, stream);
		else if (*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\' || *c == '&')
			special(stream, *c);
		else
			fwrite(c, 1, (size_t)length, stream);
		c += length ? length : 1;
	}
}

void lsh_quote_json(FILE *stream, const char *text)
{
	fputc('"', stream);
	quote(stream, text, json_special);
	fputc('"', stream);
}

void lsh_quote_graphviz(FILE *stream, const char *text)
{
	quote(stream, text, graphviz_special);
}
