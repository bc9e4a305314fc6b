/* Requests of RESP2, as clients of Redis send them: arrays of bulk strings, or a line of words. */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of what the client has sent, not ended by a 0. */
struct word {
	const char *bytes;
	size_t length;
};

struct request {
	struct word *words; /* the parser's; until the next call */
	size_t count;       /* 0: an empty line or array, which is ignored */
};

/* What has been understood so far of a request that has not arrived as a whole.  Zero-initialised but for the limit: nothing. */
struct parser {
	size_t limit;    /* bytes of a request, at most; the user's */
	size_t at;       /* where the line begins that is next, which may have to arrive first */
	size_t scanned;  /* where its end is looked for */
	size_t expected; /* words of the array, once that is known */
	size_t found;
	size_t *places;  /* of the words found: where each begins, and its length; offsets, since the input may move */
	size_t room;
	struct word *words;
	char *text;      /* the words of a line */
	char wrong[48];
};

enum parsed { PARSED_MORE, PARSED_REQUEST, PARSED_WRONG };

/* Looks at what has arrived, which begins with the first byte of a request.
 * PARSED_REQUEST: `used` bytes of it are the request, whose words point into the input or, if it is a line, into memory of the
 * parser.  What follows them is the next request.
 * PARSED_MORE: call again with the same bytes, wherever they are then, and more behind them.
 * PARSED_WRONG: `error` says why, as Redis words it behind its "ERR ", or "out of memory"; it may be the parser's.  What the
 * connection sends cannot be understood any more: the parser can only be freed. */
enum parsed parse(struct parser *parser, const char *input, size_t length, size_t *used, struct request *request,
		  const char **error);

/* Frees what it has, after which it is as at first. */
void parser_free(struct parser *parser);

/* Whether the bytes are a number as Redis understands one: no spaces, no plus, no leading zeros, 64 bits. */
bool bytes_are_number(const char *bytes, size_t length, int64_t *number);

#endif
