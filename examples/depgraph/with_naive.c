/* The engine whose objects have one atomic counter each: the same source over ../naive.h. */
#define DEPGRAPH_NAIVE
#include "graph.c"
#include "walk.c"
