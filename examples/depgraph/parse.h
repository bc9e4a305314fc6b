/* Paragraphs of `Field: value` lines, as dpkg writes them, to plain lists. */
#ifndef PARSE_H
#define PARSE_H

#include <stddef.h>
#include <stdint.h>
#include "database.h"

struct list {
	void *items;
	size_t count, capacity;
};

struct parsed_paragraph {
	struct slice name, version;
	uint32_t first_dependency, dependencies;
	uint32_t first_provided, provided;
};

/* A run of whole paragraphs, and what was found in it. */
struct chunk {
	const char *begin, *end;
	struct list paragraphs;   /* struct parsed_paragraph */
	struct list dependencies; /* struct dependency */
	struct list alternatives; /* struct slice */
	struct list provided;     /* struct slice */
	const char *wrong_at;     /* where it is malformed; NULL: it is not, or memory is short */
	char wrong[200];          /* what is wrong; empty: nothing */
};

/* Fills in everything but begin and end.  Stops at the first thing that is wrong. */
void chunk_parse(struct chunk *chunk);
void chunk_free(struct chunk *chunk);

#endif
