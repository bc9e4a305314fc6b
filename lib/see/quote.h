/* Strings of any kind, for files that want their own: see quote.c. */
#ifndef LSH_QUOTE_H
#define LSH_QUOTE_H

#include <stdint.h>
#include <stdio.h>

/* The length of the character of UTF-8 that begins here, 0: none does.  Reads no further than the first byte that is no part of it. */
int lsh_character(const unsigned char *text);

/* With quotation marks around it. */
void lsh_quote_json(FILE *stream, const char *text);

/* What may stand between a quotation mark and the other in Graphviz' language, and will be seen as it is. */
void lsh_quote_graphviz(FILE *stream, const char *text);

/* The end of an English noun, for so many. */
static inline const char *lsh_plural(uint64_t number)
{
	return number == 1 ? "" : "s";
}

#endif
