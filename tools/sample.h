/* What a program that uses leash says of itself at one moment, over its socket. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_NUMBERS 256

struct sample {
	double seconds; /* when, by CLOCK_MONOTONIC */
	size_t count;
	struct {
		char name[48];
		uint64_t value;
	} numbers[SAMPLE_NUMBERS];
};

/* Asks for it.  0, or a negative errno value: -ENOENT and -ECONNREFUSED where there is no socket, or nobody listens;
 * -EAGAIN when no answer came in time; -ECONNRESET when none came at all; -EPROTO when it was none. */
int sample_take(struct sample *sample, const char *path);

/* A number by its name, 0 for one that is not there; the sum of all whose names begin so; whether there is one. */
uint64_t sample_of(const struct sample *sample, const char *name);
uint64_t sample_sum(const struct sample *sample, const char *beginning);
bool sample_has(const struct sample *sample, const char *name);

/* How much it has grown, altogether, or for each second in between. */
double sample_growth(const struct sample *now, const struct sample *before, const char *name);
double sample_rate(const struct sample *now, const struct sample *before, const char *name);

/* The bound in microseconds that a share of the durations since then did not exceed; 0 if there were none, -1 if it is beyond
 * all bounds. */
long sample_percentile(const struct sample *now, const struct sample *before, const char *histogram, double share);

#endif
