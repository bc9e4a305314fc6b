/* A ring of live objects: see ring.h.
 */
#include "ring.h"

#include <leash/leash.h>

static const leash_type ring_type = {
	.name = "ring",
	.size = sizeof(struct ring),
	LEASH_FIELDS(struct ring, next, before),
};

struct ring *ring_new(long objects)
{
	struct ring *first = leash_new(&ring_type), *last = first;

	for (long i = 1; i < objects; i++) {
		struct ring *node = leash_new(&ring_type);

		leash_set(&node->before, last);
		leash_set_take(&last->next, node);
		last = node;
	}
	leash_set(&last->next, first);
	leash_set(&first->before, last);
	return first;
}

void ring_drop(struct ring *ring)
{
	leash_release(ring);
	leash_collect(2);
}
