/* The managed objects.
 *
 *      catalog -> package -> version -> dependency -> package -> ...
 *
 * A package holds its candidates (see database.h), a version what it depends on, a dependency
 * its alternatives.  As packages depend on each other, so do the objects: in cycles, too.
 */
#ifndef GRAPH_H
#define GRAPH_H

#include <stdint.h>
#include "managed.h"

struct package {
	uint32_t number; /* of the object, see database.h */
	uint32_t count;
	struct version *candidates[];
};

struct version {
	uint32_t number;
	uint32_t count;
	struct dependency_object *depends[];
};

struct dependency_object {
	uint32_t number;
	uint32_t count;
	struct package *alternatives[];
};

struct catalog {
	uint32_t number;
	uint32_t count;
	struct package *packages[];
};

/* This thread's part of a job over `count` things: a run of neighbours. */
static inline uint32_t share(uint32_t count, unsigned thread, unsigned threads)
{
	return (uint32_t)((uint64_t)count * thread / threads);
}

#endif
