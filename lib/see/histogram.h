/* How long things took: see histogram.c. */
#ifndef LSH_HISTOGRAM_H
#define LSH_HISTOGRAM_H

#include <stdint.h>
#include "../track.h"

/* Bounds are powers of four: 1 microsecond, 4, 16 and so on to 16.8 seconds; the last bucket has none. */
#define LSH_BOUNDS 13
#define LSH_BOUND(i) (UINT64_C(1000) << (2 * (i))) /* nanoseconds */

struct lsh_histogram {
	uint64_t buckets[LSH_BOUNDS + 1]; /* each what is above the bound before, and not above its own */
	uint64_t nanoseconds;             /* of all */
};

void lsh_histogram_add(struct lsh_histogram *histogram, uint64_t nanoseconds);

/* What is in it now; others may go on adding. */
struct lsh_histogram lsh_histogram_read(const struct lsh_histogram *histogram);

/* What births have waited for the library, and how long rounds of the collector took. */
extern struct lsh_histogram lsh_waits LSH_HIDDEN;
extern struct lsh_histogram lsh_rounds LSH_HIDDEN;

/* A birth has been held up since then (lsh_now()). */
void lsh_waited_since(uint64_t began);

#endif
