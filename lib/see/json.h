/* JSON. */
#ifndef LSH_JSON_H
#define LSH_JSON_H

#include <stdio.h>

/* Prints a string of any bytes as one of JSON, in quotes.  What is not UTF-8 becomes U+FFFD. */
void lsh_json_string(FILE *stream, const char *text);

#endif
