/* Medians and quartiles, and the one place where they are formed.
 */
#ifndef BENCH_QUANTILE_H
#define BENCH_QUANTILE_H

/* The value below which the given share (0 to 1) of the values lies, interpolated; 0.5 is the median.
 * Sorts the values, of which there is at least one. */
double quantile(double *values, int count, double share);

#endif
