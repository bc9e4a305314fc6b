/* How much memory a round needs for each object it looks at: a ring of a million, every one with two
 * fields, looked at because one of them has lost a reference.
 */
#include "measure.h"

#include "ring.h"

#include <leash/leash.h>
#include <inttypes.h>
#include <stdio.h>

#define OBJECTS 1000000

bool measure_snapshot(int repetitions, struct outcome *outcome)
{
	leash_gc_stats_t before, after;
	struct ring *ring;
	uint64_t visited;

	(void)repetitions;
	leash_gc_disable();
	ring = ring_new(OBJECTS);
	leash_gc_stats(&before);
	leash_release(leash_retain(ring));
	leash_collect(2);
	leash_gc_stats(&after);
	ring_drop(ring);
	leash_gc_enable();

	visited = after.generation[2].visited - before.generation[2].visited;
	if (before.snapshot_bytes_peak >= after.snapshot_bytes_peak || visited < OBJECTS) {
		fprintf(stderr, "ratios: snapshot_bytes: a round visited %" PRIu64 " of %d objects, and the peak was "
				"%" PRIu64 " before and %" PRIu64 " bytes after it\n",
			visited, OBJECTS, before.snapshot_bytes_peak, after.snapshot_bytes_peak);
		return false;
	}
	outcome->ratio = (double)after.snapshot_bytes_peak / (double)visited;
	snprintf(outcome->detail, sizeof(outcome->detail),
		 "bytes an object; %" PRIu64 " at most while a round visited %" PRIu64 ", two fields each",
		 after.snapshot_bytes_peak, visited);
	return true;
}
