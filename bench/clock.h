/* The three clocks of the benchmarks, in nanoseconds.
 *
 * Costs are processor time: on a shared machine the wall clock also counts what others run.  The clock
 * of the whole process is the one that sees the library's background threads; it is used for every
 * figure, so that work moved out of the caller's sight still counts.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <time.h>

static inline double clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline double process_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static inline double wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif
