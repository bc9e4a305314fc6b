/* Strings of any kind, for files that want their own: see quote.c. */
#ifndef LSH_QUOTE_H
#define LSH_QUOTE_H

#include <stdio.h>

/* With quotation marks around it. */
void lsh_quote_json(FILE *stream, const char *text);

/* What may stand between a quotation mark and the other in Graphviz' language, and will be seen as it is. */
void lsh_quote_graphviz(FILE *stream, const char *text);

#endif
