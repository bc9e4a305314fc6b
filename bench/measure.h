/* A measure: one line of bench/ratios.
 *
 * Most are quotients of cases: sides[0] / sides[1], and where there are four, combined with
 * sides[2] / sides[3].  The others have a function of their own.  Either way one line in the table of
 * ratios.c adds one.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "slice.h"

struct outcome {
	double ratio;
	char detail[400];
};

struct measure {
	const char *name;
	struct side sides[4];
	double (*combine)(double first, double second);
	/* Returns false after a line on stderr when the measure cannot be taken here. */
	bool (*special)(struct outcome *outcome);
	int repetitions; /* 0: the usual number; fewer for what takes long */
};

/* measure-depgraph.c */
bool measure_depgraph(struct outcome *outcome);
/* measure-header.c */
bool measure_header(struct outcome *outcome);

#endif
