/* A measure: one line of bench/ratios.
 *
 * Three kinds, each one line in the table of ratios.c:
 *
 *     sides      quotients of cases in short slices: sides[0] / sides[1], and where there are four, combined
 *                with sides[2] / sides[3]
 *     costs      costs[0] / costs[1], for what takes longer than a slice or is another program's
 *     special    a function of its own
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "slice.h"

#define MAX_REPETITIONS 1000

struct outcome {
	double ratio;
	char detail[400];
};

/* The nanoseconds that one operation took; negative after a line on stderr that names the measure, when that
 * cannot be told here. */
struct cost {
	const char *name;
	double (*take)(void);
};

struct measure {
	const char *name;
	struct side sides[4];
	double (*combine)(double first, double second);
	struct cost costs[2];
	/* Returns false after a line on stderr when the measure cannot be taken here. */
	bool (*special)(int repetitions, struct outcome *outcome);
	int repetitions; /* 0: the usual number; fewer for what takes long */
	bool fresh;      /* taken by a process of its own: the collector remembers what it has seen */
};

/* alternate.c: takes both costs in turn, the first to be taken changes with every repetition. */
bool alternate(const struct cost costs[2], int repetitions, struct outcome *outcome);

/* measure-boehm.c */
double boehm_ours(void);
double boehm_theirs(void);
/* measure-churn.c */
bool measure_churn(int repetitions, struct outcome *outcome);
/* measure-cpython.c */
double cpython_ours(void);
double cpython_theirs(void);
/* measure-depgraph.c */
bool measure_depgraph(int repetitions, struct outcome *outcome);
/* measure-header.c */
bool measure_header(int repetitions, struct outcome *outcome);
/* measure-hub.c */
double hub_with(void);
double hub_without(void);
/* measure-pause.c */
bool measure_pause(int repetitions, struct outcome *outcome);
/* measure-snapshot.c */
bool measure_snapshot(int repetitions, struct outcome *outcome);
/* measure-untouched.c */
double untouched_many(void);
double untouched_few(void);

#endif
