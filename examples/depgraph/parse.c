/* Paragraphs of `Field: value` lines, as dpkg writes them, to plain lists.
 *
 * Paragraphs are separated by empty lines; a line that begins with a space or tab continues the
 * field above it.  Of all fields, five are looked at:
 *
 *      Package: libc6
 *      Version: 2.36-9
 *      Pre-Depends, Depends: libgcc-s1 (>= 12), debconf (>= 0.5) | debconf-2.0
 *      Provides: libc6-2.36, awk
 *
 * Conditions on versions are checked for their form and then forgotten, as is an architecture
 * behind a name (`perl:any`): depgraph follows names.  Nothing is copied, names point into the
 * input.
 */
#include "parse.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum field { PACKAGE, VERSION, DEPENDS, PRE_DEPENDS, PROVIDES, FIELDS };

static const char *const field_names[FIELDS] = {
	"Package", "Version", "Depends", "Pre-Depends", "Provides",
};

/* A position in a field's value. */
struct cursor {
	struct chunk *chunk;
	const char *at, *end;
};

static __attribute__((format(printf, 3, 4))) bool wrong(struct chunk *chunk, const char *at,
							const char *format, ...)
{
	va_list args;

	chunk->wrong_at = at;
	va_start(args, format);
	vsnprintf(chunk->wrong, sizeof(chunk->wrong), format, args);
	va_end(args);
	return false;
}

static void *append(struct chunk *chunk, struct list *list, size_t size)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 64;
		void *items = realloc(list->items, capacity * size);

		if (items == NULL) {
			wrong(chunk, NULL, "out of memory");
			return NULL;
		}
		list->items = items;
		list->capacity = capacity;
	}
	return memset((char *)list->items + size * list->count++, 0, size);
}

static bool append_slice(struct chunk *chunk, struct list *list, struct slice slice)
{
	struct slice *item = append(chunk, list, sizeof(*item));

	if (item == NULL)
		return false;
	*item = slice;
	return true;
}

/* A character for a message, whatever it is. */
static const char *show(char c, char buffer[8])
{
	snprintf(buffer, 8, isprint((unsigned char)c) ? "'%c'" : "\\x%02x", (unsigned char)c);
	return buffer;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && is_space(*c->at))
		c->at++;
}

static bool parse_name(struct cursor *c, struct slice *name)
{
	const char *begin = c->at;
	char buffer[8];

	while (c->at < c->end && (isalnum((unsigned char)*c->at) ||
				  (c->at > begin && *c->at != '\0' && strchr("+-._", *c->at))))
		c->at++;
	if (c->at == begin && (c->at == c->end || strchr(",|(", *c->at)))
		return wrong(c->chunk, begin, "empty package name");
	if (c->at < c->end && !is_space(*c->at) && !strchr(",|(:)", *c->at))
		return wrong(c->chunk, c->at, "%s in a package name", show(*c->at, buffer));
	if (c->at == begin)
		return wrong(c->chunk, c->at, "%s in place of a package name", show(*c->at, buffer));
	*name = (struct slice){ begin, (uint32_t)(c->at - begin) };
	return true;
}

/* (relation version), where the relation may be missing and means `=` then. */
static bool parse_condition(struct cursor *c)
{
	static const char *const relations[] = { "<<", "<=", "=", ">=", ">>", "<", ">" };
	const char *open = c->at++;
	const char *close = c->at, *begin;
	size_t length;

	while (close < c->end && *close != ')' && !strchr("(,|", *close))
		close++;
	if (close == c->end || *close != ')')
		return wrong(c->chunk, open, "'(' without ')'");
	skip_space(c);
	length = strspn(c->at, "<>=");
	if (length != 0) {
		bool known = false;

		for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
			known |= strlen(relations[i]) == length &&
				 memcmp(relations[i], c->at, length) == 0;
		if (!known)
			return wrong(c->chunk, c->at, "unknown relation '%.*s'", (int)length, c->at);
		c->at += length;
	}
	skip_space(c);
	begin = c->at;
	while (c->at < close && !is_space(*c->at))
		c->at++;
	if (c->at == begin)
		return wrong(c->chunk, begin, "empty version");
	skip_space(c);
	if (c->at != close)
		return wrong(c->chunk, c->at, "more than a version between '(' and ')'");
	c->at++;
	return true;
}

/* One name with what may follow it, up to the separator. */
static bool parse_relation(struct cursor *c, struct slice *name)
{
	struct slice architecture;
	char buffer[8];

	skip_space(c);
	if (!parse_name(c, name))
		return false;
	if (c->at < c->end && *c->at == ':') {
		c->at++;
		if (!parse_name(c, &architecture))
			return false;
	}
	skip_space(c);
	if (c->at < c->end && *c->at == '(' && !parse_condition(c))
		return false;
	skip_space(c);
	if (c->at == c->end || *c->at == ',' || *c->at == '|')
		return true;
	if (*c->at == ')')
		return wrong(c->chunk, c->at, "')' without '('");
	return wrong(c->chunk, c->at, "%s where ',' or '|' should be", show(*c->at, buffer));
}

static bool parse_depends(struct cursor *c, struct parsed_paragraph *paragraph)
{
	struct chunk *chunk = c->chunk;
	struct dependency *dependency = NULL;
	struct slice name;

	skip_space(c);
	if (c->at == c->end)
		return true;
	for (;;) {
		if (dependency == NULL) {
			dependency = append(chunk, &chunk->dependencies, sizeof(*dependency));
			if (dependency == NULL)
				return false;
			dependency->first_alternative = (uint32_t)chunk->alternatives.count;
			paragraph->dependencies++;
		}
		if (!parse_relation(c, &name) || !append_slice(chunk, &chunk->alternatives, name))
			return false;
		dependency->alternatives++;
		if (c->at == c->end)
			return true;
		if (*c->at++ == ',')
			dependency = NULL;
	}
}

static bool parse_provides(struct cursor *c, struct parsed_paragraph *paragraph)
{
	struct slice name;

	skip_space(c);
	if (c->at == c->end)
		return true;
	for (;;) {
		if (!parse_relation(c, &name) || !append_slice(c->chunk, &c->chunk->provided, name))
			return false;
		paragraph->provided++;
		if (c->at == c->end)
			return true;
		if (*c->at == '|')
			return wrong(c->chunk, c->at, "'|' in Provides");
		c->at++;
	}
}

static bool parse_value(struct cursor *c, enum field field, struct parsed_paragraph *paragraph)
{
	char buffer[8];

	switch (field) {
	case PACKAGE:
		skip_space(c);
		if (!parse_name(c, &paragraph->name))
			return false;
		skip_space(c);
		if (c->at != c->end)
			return wrong(c->chunk, c->at, "%s behind the package name",
				     show(*c->at, buffer));
		return true;
	case VERSION:
		skip_space(c);
		while (c->at < c->end && is_space(c->end[-1]))
			c->end--;
		paragraph->version = (struct slice){ c->at, (uint32_t)(c->end - c->at) };
		return true;
	case DEPENDS:
	case PRE_DEPENDS:
		return parse_depends(c, paragraph);
	case PROVIDES:
		return parse_provides(c, paragraph);
	case FIELDS:
		break;
	}
	return true;
}

/* Which of our fields a name is; FIELDS for the others. */
static enum field find_field(const char *name, size_t length)
{
	unsigned i;

	for (i = 0; i < FIELDS; i++)
		if (strlen(field_names[i]) == length && strncasecmp(name, field_names[i], length) == 0)
			break;
	return (enum field)i;
}

/* The end of the line at `at`, its newline not included; NULL if there is a NUL byte in it. */
static const char *line_end(struct chunk *chunk, const char *at)
{
	const char *end = memchr(at, '\n', (size_t)(chunk->end - at));
	const char *nul;

	if (end == NULL)
		end = chunk->end;
	nul = memchr(at, '\0', (size_t)(end - at));
	if (nul != NULL) {
		wrong(chunk, nul, "NUL byte");
		return NULL;
	}
	return end;
}

static bool is_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at == end;
}

/* The field at *at with its continuation lines; moves *at behind it. */
static bool parse_field(struct chunk *chunk, const char **at, struct parsed_paragraph *paragraph,
			unsigned *seen)
{
	const char *begin = *at, *end = line_end(chunk, begin), *colon;
	struct cursor c;
	enum field field;

	if (end == NULL)
		return false;
	if (*begin == ' ' || *begin == '\t')
		return wrong(chunk, begin, "continuation line without a field above it");
	colon = memchr(begin, ':', (size_t)(end - begin));
	if (colon == NULL)
		return wrong(chunk, begin, "line without ':'");
	if (colon == begin)
		return wrong(chunk, begin, "empty field name");
	for (const char *p = begin; p < colon; p++)
		if (!isgraph((unsigned char)*p))
			return wrong(chunk, begin, "not a field name in front of ':'");

	c = (struct cursor){ .chunk = chunk, .at = colon + 1 };
	while (end + 1 < chunk->end && (end[1] == ' ' || end[1] == '\t')) {
		const char *next = end + 1, *next_end = line_end(chunk, next);

		if (next_end == NULL)
			return false;
		if (is_blank(next, next_end))
			break;
		end = next_end;
	}
	*at = end < chunk->end ? end + 1 : end;
	c.end = end;

	field = find_field(begin, (size_t)(colon - begin));
	if (field == FIELDS)
		return true;
	if (*seen & 1u << field)
		return wrong(chunk, begin, "second %s in one paragraph", field_names[field]);
	*seen |= 1u << field;
	return parse_value(&c, field, paragraph);
}

static bool parse_paragraph(struct chunk *chunk, const char **at)
{
	const char *begin = *at, *end;
	struct parsed_paragraph *paragraph;
	unsigned seen = 0;

	paragraph = append(chunk, &chunk->paragraphs, sizeof(*paragraph));
	if (paragraph == NULL)
		return false;
	paragraph->first_dependency = (uint32_t)chunk->dependencies.count;
	paragraph->first_provided = (uint32_t)chunk->provided.count;
	while (*at < chunk->end) {
		end = line_end(chunk, *at);
		if (end != NULL && is_blank(*at, end))
			break;
		if (!parse_field(chunk, at, paragraph, &seen))
			return false;
	}
	if (!(seen & 1u << PACKAGE))
		return wrong(chunk, begin, "paragraph without Package");
	return true;
}

void chunk_parse(struct chunk *chunk)
{
	const char *at = chunk->begin;

	while (at < chunk->end) {
		const char *end = line_end(chunk, at);

		if (end == NULL)
			return;
		if (is_blank(at, end))
			at = end < chunk->end ? end + 1 : end;
		else if (!parse_paragraph(chunk, &at))
			return;
	}
}

void chunk_free(struct chunk *chunk)
{
	free(chunk->paragraphs.items);
	free(chunk->dependencies.items);
	free(chunk->alternatives.items);
	free(chunk->provided.items);
}
