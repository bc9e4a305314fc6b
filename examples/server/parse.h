/* Requests of RESP2, as clients of Redis send them: arrays of bulk strings, or a line of words. */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the client's input, not ended by a 0. */
struct word {
	const char *bytes;
	size_t length;
};

struct request {
	struct word *words; /* the parser's; until the next call */
	size_t count;       /* 0: an empty line, which is ignored */
};

/* What has been understood so far of a request that has not arrived as a whole.  Zero-initialised: nothing. */
struct parser {
	size_t limit;    /* bytes of a request, at most */
	size_t scanned;  /* bytes of it that need not be looked at again */
	size_t expected; /* words, 0: not known yet */
	size_t found;
	size_t *places;  /* of the words found: where each begins, and its length; offsets, since the input may move */
	size_t room;
	struct word *words;
};

enum parsed { PARSED_MORE, PARSED_REQUEST, PARSED_WRONG };

/* Looks at what has arrived, which begins with the first byte of a request.  PARSED_REQUEST: `used` bytes of it are the
 * request, whose words point into the input.  PARSED_WRONG: `error` says why, as Redis words it; the connection cannot be
 * understood any more.  PARSED_MORE: call again with the same bytes and more behind them. */
enum parsed parse(struct parser *parser, const char *input, size_t length, size_t *used, struct request *request,
		  const char **error);

void parser_free(struct parser *parser);

#endif
