/* The kind of counting this copy of graph.c and walk.c is made with. */
#ifndef MANAGED_H
#define MANAGED_H

#ifdef DEPGRAPH_NAIVE
#include "../naive.h"
#define ENGINE      naive_engine
#define ENGINE_NAME "naive"
#define OVERHEAD    sizeof(struct naive_header)

static inline long leash_collect(int generation)
{
	(void)generation;
	return -ENOSYS;
}
#else
#include <leash/leash.h>
#define ENGINE      leash_engine
#define ENGINE_NAME "leash"
#define OVERHEAD    (sizeof(struct leash__header) + 16) /* a tail's size stands in front: abi.h */
#endif

#endif
