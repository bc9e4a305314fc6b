/* Histograms of durations.
 *
 * Adding is two atomic additions to memory that all threads share: for what happens once in a thousand births, or
 * takes a microsecond itself.  Whoever reads may see a duration in its bucket and not yet in the sum.
 */
#include "../probes.h"
#include "../worker.h"
#include "histogram.h"

struct lsh_histogram lsh_waits, lsh_rounds;

void lsh_histogram_add(struct lsh_histogram *histogram, uint64_t nanoseconds)
{
	unsigned i = 0;

	while (i < LSH_BOUNDS && nanoseconds > LSH_BOUND(i))
		i++;
	__atomic_fetch_add(&histogram->buckets[i], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&histogram->nanoseconds, nanoseconds, __ATOMIC_RELAXED);
}

void lsh_waited_since(uint64_t began)
{
	uint64_t nanoseconds = lsh_now() - began;

	lsh_histogram_add(&lsh_waits, nanoseconds);
	LSH_PROBE(wait, nanoseconds);
}

struct lsh_histogram lsh_histogram_read(const struct lsh_histogram *histogram)
{
	struct lsh_histogram copy;
	unsigned i;

	for (i = 0; i <= LSH_BOUNDS; i++)
		copy.buckets[i] = __atomic_load_n(&histogram->buckets[i], __ATOMIC_RELAXED);
	copy.nanoseconds = __atomic_load_n(&histogram->nanoseconds, __ATOMIC_RELAXED);
	return copy;
}
