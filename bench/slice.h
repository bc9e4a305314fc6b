/* One timed slice of a case, a few milliseconds long.
 */
#ifndef BENCH_SLICE_H
#define BENCH_SLICE_H

#include "case.h"

/* One side of a comparison. */
struct side {
	const struct bench_case *of;
	int threads; /* that run it at once; the calling thread is the first of them */
};

/* Starts, or sends home, the other threads for slices of up to `threads`, which are not more than
 * processors_count(). */
void slice_threads_start(int threads);
void slice_threads_stop(int threads);

/* Runs one slice and returns the nanoseconds of processor time, of the whole process, that one operation
 * took one thread; -1 when the system did not run the threads at the same time however often it was tried
 * (other programs had the processors). */
double slice_time(const struct side *side);

#endif
