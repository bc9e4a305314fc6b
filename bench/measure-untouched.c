/* What a collection costs beside live objects that it has no reason to look at.
 *
 * A thousand garbage pairs are built and collected by a full round, again and again; only the round is
 * timed.  Meanwhile a ring of live objects exists that two full rounds have seen and nobody has touched since: a
 * million, or a thousand.  The ring is built anew for each side, since the other one must not exist.
 */
#include "measure.h"

#include "clock.h"
#include "pairs.h"
#include "ring.h"
#include "rest.h"

#include <leash/leash.h>
#include <stdio.h>

#define GARBAGE 2000
#define ROUNDS  50

static double beside(long live)
{
	struct ring *ring;
	double cost = 0;
	long collected = 0;

	leash_gc_disable();
	ring = ring_new(live);
	leash_collect(2);
	leash_collect(2);
	rest();
	for (int i = 0; i < ROUNDS; i++) {
		double start;

		pairs_drop(GARBAGE);
		start = process_ns();
		collected += leash_collect(2);
		cost += process_ns() - start;
	}
	ring_drop(ring);
	leash_gc_enable();
	if (collected != (long)ROUNDS * GARBAGE) {
		fprintf(stderr, "ratios: untouched_heap: %d rounds collected %ld objects, not %ld\n", ROUNDS,
			collected, (long)ROUNDS * GARBAGE);
		return -1;
	}
	return cost / ROUNDS;
}

double untouched_many(void)
{
	return beside(1000000);
}

double untouched_few(void)
{
	return beside(1000);
}
