/* Why an object is alive, in words: see why.c. */
#ifndef LSH_WHY_H
#define LSH_WHY_H

#include <stdbool.h>
#include <stdio.h>
#include "image.h"

/* Prints it, each line after `before`.  False without memory. */
bool lsh_why_print(const struct lsh_image *image, uint32_t node, FILE *stream, const char *before);

#endif
