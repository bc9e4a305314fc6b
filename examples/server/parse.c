/* Requests out of what arrives, in whatever pieces it does.
 *
 *      *2\r\n$3\r\nGET\r\n$4\r\nname\r\n       an array of bulk strings, as libraries send it
 *      GET "na\x6de"\r\n                       a line of words, as people type it
 *
 * Nothing is looked at twice.  Of an array the parser keeps where its words are, as offsets, and where the next piece
 * begins: the line that tells a length, or, while the bytes of a word are missing, the place behind them.  Of a line that
 * has no end yet it keeps how far that is known.  So a request costs time linear in its length, even if it arrives byte
 * by byte.
 *
 * The words of an array are where they arrived.  Those of a line are copied, since quotes and escapes make them shorter.
 *
 * What is accepted, and what is not, is as with Redis: the end of a line in an array is \r and one more byte, and the two
 * bytes behind a word are not looked at.  Unlike there, a line that is too long is refused whether its end has arrived or not,
 * so that an answer never depends on the pieces; and a zero byte is like any other.
 */
#include "parse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_MOST = 64 * 1024,     /* bytes of a line, its end included */
	WORDS_MOST = 1024 * 1024,
	ROOM_KEPT = 1024,         /* words whose memory is kept for the next request */
};

static enum parsed wrong(const char **error, const char *text)
{
	*error = text;
	return PARSED_WRONG;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Looks for the line's end from where that is not known: PARSED_REQUEST if it and the bytes behind that belong to it are there,
 * at `scanned`; PARSED_WRONG if the line is too long. */
static enum parsed find_end(struct parser *parser, const char *input, size_t length, char end, size_t behind)
{
	size_t most = smaller(LINE_MOST, parser->limit - parser->at), here = smaller(length - parser->at, most);
	size_t stop = parser->at + here;
	const char *found = memchr(input + parser->scanned, end, stop - parser->scanned);

	parser->scanned = found ? (size_t)(found - input) : stop;
	if (found && parser->scanned + behind < stop)
		return PARSED_REQUEST;
	return here < most ? PARSED_MORE : PARSED_WRONG;
}

bool bytes_are_number(const char *bytes, size_t length, int64_t *number)
{
	const char *at = bytes, *end = bytes + length;
	bool negative = at < end && *at == '-';
	int64_t n = 0; /* the number's opposite: there are more negative ones */

	at += negative;
	if (at == end || (*at == '0' && (negative || end - at > 1)))
		return false;
	for (; at < end; at++)
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *at - '0', &n))
			return false;
	if (!negative && n == INT64_MIN)
		return false;
	*number = negative ? n : -n;
	return true;
}

static bool add_word(struct parser *parser, size_t begin, size_t length)
{
	if (parser->found == parser->room) {
		size_t room = parser->room ? 2 * parser->room : 16;
		size_t *places = realloc(parser->places, 2 * room * sizeof(*places));
		struct word *words;

		if (places == NULL)
			return false;
		parser->places = places;
		words = realloc(parser->words, room * sizeof(*words));
		if (words == NULL)
			return false;
		parser->words = words;
		parser->room = room;
	}
	parser->places[2 * parser->found] = begin;
	parser->places[2 * parser->found + 1] = length;
	parser->found++;
	return true;
}

/* The words stay until the next call, all else is as before the request. */
static enum parsed finish(struct parser *parser, const char *base, struct request *request)
{
	for (size_t i = 0; i < parser->found; i++)
		parser->words[i] = (struct word){ base + parser->places[2 * i], parser->places[2 * i + 1] };
	*request = (struct request){ parser->words, parser->found };
	parser->at = parser->scanned = parser->expected = parser->found = 0;
	return PARSED_REQUEST;
}

/* What a backslash within quotes means; returns how many bytes that took.  Within '...' it can only stand for a quote. */
static size_t unescape(const char *at, size_t left, char quote, char *to)
{
	static const char names[] = "nrtba", meanings[] = "\n\r\t\b\a";
	const char *name;

	if (left < 2 || (quote == '\'' && at[1] != '\'')) {
		*to = '\\';
		return 1;
	}
	if (left >= 4 && at[1] == 'x' && isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3])) {
		*to = (char)strtoul((char[]){ at[2], at[3], '\0' }, NULL, 16);
		return 4;
	}
	name = memchr(names, at[1], sizeof(names) - 1);
	*to = name ? meanings[name - names] : at[1];
	return 2;
}

/* Copies the word to `*to` and moves that on; returns where it ends, NULL if its quotes do not match.  A closing quote ends
 * the word. */
static const char *copy_word(const char *at, const char *end, char **to)
{
	char quote = '\0';

	while (at < end) {
		if (quote == '\0' && (*at == ' ' || *at == '\t' || *at == '\r')) {
			break;
		} else if (quote == '\0' && (*at == '"' || *at == '\'')) {
			quote = *at++;
		} else if (quote != '\0' && *at == quote) {
			at++;
			return at == end || isspace((unsigned char)*at) ? at : NULL;
		} else if (quote != '\0' && *at == '\\') {
			at += unescape(at, (size_t)(end - at), quote, (*to)++);
		} else {
			*(*to)++ = *at++;
		}
	}
	return quote == '\0' ? at : NULL;
}

/* The \r that may be at the end separates words like any space. */
static enum parsed split(struct parser *parser, const char *at, const char *end, const char **error)
{
	char *to, *begin;

	to = parser->text = malloc((size_t)(end - at) + 1);
	if (to == NULL)
		return wrong(error, "out of memory");
	for (;;) {
		while (at < end && isspace((unsigned char)*at))
			at++;
		if (at == end)
			return PARSED_REQUEST;
		begin = to;
		at = copy_word(at, end, &to);
		if (at == NULL)
			return wrong(error, "Protocol error: unbalanced quotes in request");
		if (!add_word(parser, (size_t)(begin - parser->text), (size_t)(to - begin)))
			return wrong(error, "out of memory");
	}
}

static enum parsed parse_line(struct parser *parser, const char *input, size_t length, size_t *used, struct request *request,
			      const char **error)
{
	enum parsed parsed = find_end(parser, input, length, '\n', 0);

	if (parsed == PARSED_WRONG)
		return wrong(error, "Protocol error: too big inline request");
	if (parsed == PARSED_MORE)
		return parsed;
	*used = parser->scanned + 1;
	parsed = split(parser, input, input + parser->scanned, error);
	return parsed == PARSED_REQUEST ? finish(parser, parser->text, request) : parsed;
}

/* The line `*number`. */
static enum parsed parse_count(struct parser *parser, const char *input, size_t length, const char **error)
{
	enum parsed parsed = find_end(parser, input, length, '\r', 1);
	int64_t count;

	if (parsed == PARSED_WRONG)
		return wrong(error, "Protocol error: too big mbulk count string");
	if (parsed == PARSED_MORE)
		return parsed;
	if (!bytes_are_number(input + 1, parser->scanned - 1, &count) || count > WORDS_MOST)
		return wrong(error, "Protocol error: invalid multibulk length");
	parser->expected = count > 0 ? (size_t)count : 0;
	parser->at = parser->scanned = parser->scanned + 2;
	return PARSED_REQUEST;
}

/* The line `$number`, and the word behind it, whose bytes may be yet to come. */
static enum parsed parse_word(struct parser *parser, const char *input, size_t length, const char **error)
{
	enum parsed parsed = find_end(parser, input, length, '\r', 1);
	size_t begin = parser->scanned + 2, left = parser->limit - begin;
	char first;
	int64_t size;

	if (parsed == PARSED_WRONG)
		return wrong(error, "Protocol error: too big bulk count string");
	if (parsed == PARSED_MORE)
		return parsed;
	first = input[parser->at];
	if (first != '$') {
		snprintf(parser->wrong, sizeof(parser->wrong), "Protocol error: expected '$', got '%c'",
			 first == '\r' || first == '\n' ? ' ' : first);
		return wrong(error, parser->wrong);
	}
	if (!bytes_are_number(input + parser->at + 1, parser->scanned - parser->at - 1, &size) || size < 0 || left < 2 ||
	    (size_t)size > left - 2)
		return wrong(error, "Protocol error: invalid bulk length");
	if (!add_word(parser, begin, (size_t)size))
		return wrong(error, "out of memory");
	parser->at = parser->scanned = begin + (size_t)size + 2;
	return PARSED_REQUEST;
}

static enum parsed parse_array(struct parser *parser, const char *input, size_t length, size_t *used, struct request *request,
			       const char **error)
{
	enum parsed parsed = parser->at == 0 ? parse_count(parser, input, length, error) : PARSED_REQUEST;

	while (parsed == PARSED_REQUEST && parser->at <= length && parser->found < parser->expected)
		parsed = parse_word(parser, input, length, error);
	if (parsed != PARSED_REQUEST)
		return parsed;
	if (parser->at > length)
		return PARSED_MORE;
	*used = parser->at;
	return finish(parser, input, request);
}

enum parsed parse(struct parser *parser, const char *input, size_t length, size_t *used, struct request *request,
		  const char **error)
{
	if (length == 0)
		return PARSED_MORE;
	if (parser->scanned == 0) {
		free(parser->text);
		parser->text = NULL;
		if (parser->room > ROOM_KEPT)
			parser_free(parser);
	}
	return (*input == '*' ? parse_array : parse_line)(parser, input, length, used, request, error);
}

void parser_free(struct parser *parser)
{
	free(parser->places);
	free(parser->words);
	free(parser->text);
	*parser = (struct parser){ .limit = parser->limit };
}
