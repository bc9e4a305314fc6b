/* The engine whose objects are counted by leash. */
#include "graph.c"
#include "walk.c"
