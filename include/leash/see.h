/* Looking inside. */
#ifndef LEASH_SEE_H
#define LEASH_SEE_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum leash_format {
	LEASH_TEXT, /* one `name value` a line, for people and for awk */
} leash_format;

/* Prints the library's counters: births, deaths by the way they were found, what is waiting.  0, or
 * -EINVAL for a NULL stream or an unknown format, or -EIO when the stream reports an error.  Sums the counters of all threads without
 * stopping them: the figures are exact when the others are quiet. */
int leash_stats_print(FILE *stream, leash_format format);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
