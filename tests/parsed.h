/* What the server's parser makes of an input that arrives in pieces, written down, so that it can be compared.
 *
 *      [GET][na\x6de]         a request, by its words
 *      []                     an empty word; a line of nothing is an empty request
 *      ...                    some of a request is missing
 *      ! Protocol error: x    refused
 *
 * With each piece, what has arrived moves to a new block of just its size, and the old one is overwritten and freed.  What no
 * input may bring about ends the program.
 */
#ifndef PARSED_H
#define PARSED_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../examples/server/parse.h"

/* How much has arrived after the next piece, when `here` of `length` bytes are; more than length is all. */
typedef size_t pieces_fn(size_t here, size_t length, size_t arg);

static inline size_t pieces_whole(size_t here, size_t length, size_t arg)
{
	(void)here, (void)arg;
	return length;
}

/* Two pieces. */
static inline size_t pieces_cut(size_t here, size_t length, size_t arg)
{
	return here < arg ? arg : length;
}

static inline size_t pieces_of(size_t here, size_t length, size_t arg)
{
	(void)length;
	return here + arg;
}

#define PARSED_MUST(condition)                                                     \
	do {                                                                       \
		if (!(condition)) {                                                \
			fprintf(stderr, "parsed.h:%d: %s\n", __LINE__, #condition); \
			abort();                                                   \
		}                                                                  \
	} while (0)

static inline bool parsed_within(const struct word *word, const char *block, size_t length)
{
	uintptr_t begin = (uintptr_t)block, at = (uintptr_t)word->bytes;

	return block && at >= begin && at - begin <= length && word->length <= length - (at - begin);
}

static inline void parsed_write(FILE *to, const struct request *request)
{
	for (size_t i = 0; i < request->count; i++) {
		putc('[', to);
		for (size_t k = 0; k < request->words[i].length; k++) {
			unsigned char c = (unsigned char)request->words[i].bytes[k];

			fprintf(to, isprint(c) && c != '[' && c != ']' && c != '\\' ? "%c" : "\\x%02x", c);
		}
		putc(']', to);
	}
	putc('\n', to);
}

/* All requests of what is here and has not been answered; how long they are. */
static inline enum parsed parsed_requests(struct parser *parser, const char *input, size_t length, size_t *all, FILE *to)
{
	enum parsed parsed;
	struct request request;
	const char *error;
	size_t used;

	*all = 0;
	while ((parsed = parse(parser, input + *all, length - *all, &used, &request, &error)) == PARSED_REQUEST) {
		PARSED_MUST(used > 0 && used <= length - *all && used <= parser->limit);
		for (size_t i = 0; i < request.count; i++)
			PARSED_MUST(parsed_within(&request.words[i], input + *all, used) ||
				    parsed_within(&request.words[i], parser->text, used));
		parsed_write(to, &request);
		*all += used;
	}
	PARSED_MUST(parsed == PARSED_WRONG || length == *all || length - *all < parser->limit);
	if (parsed == PARSED_WRONG)
		fprintf(to, "! %s\n", error);
	return parsed;
}

/* The caller frees it. */
static inline char *parsed(const char *input, size_t length, size_t limit, pieces_fn *pieces, size_t arg)
{
	struct parser parser = { .limit = limit };
	enum parsed state = PARSED_MORE;
	size_t here = 0, begin = 0, size, all;
	char *text = NULL, *block;
	FILE *to = open_memstream(&text, &size);

	PARSED_MUST(to);
	while (state == PARSED_MORE && here < length) {
		here = pieces(here, length, arg);
		if (here > length)
			here = length;
		block = malloc(here - begin + !(here - begin));
		PARSED_MUST(block);
		memcpy(block, input + begin, here - begin);
		state = parsed_requests(&parser, block, here - begin, &all, to);
		memset(block, '*', here - begin);
		__asm__ volatile("" : : "r"(block) : "memory"); /* or the compiler drops what is written last */
		free(block);
		begin += all;
	}
	if (state == PARSED_MORE && begin < length)
		fputs("...\n", to);
	parser_free(&parser);
	PARSED_MUST(fclose(to) == 0);
	return text;
}

#endif
