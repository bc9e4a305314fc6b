/* What a dump shows, for those who print it: see dump.c. */
#ifndef LSH_DUMP_H
#define LSH_DUMP_H

#include <stdio.h>
#include "around.h"
#include "cycles.h"
#include "image.h"
#include "summary.h"

struct lsh_dump {
	const struct lsh_image *image;
	struct lsh_cycles cycles;
	struct lsh_shown shown; /* for objects */
	struct lsh_summary summary;
};

/* One of the formats. */
struct lsh_dump_format {
	void (*objects)(const struct lsh_dump *dump, FILE *stream);
	void (*summary)(const struct lsh_dump *dump, FILE *stream);
};
extern const struct lsh_dump_format lsh_dump_graphviz, lsh_dump_json;

#endif
