/* Through which fields cycles run: see advice.c. */
#ifndef LSH_ADVICE_H
#define LSH_ADVICE_H

#include "../collect/graph.h"

/* Looks at some of the garbage of a graph, `number` objects whose fields have not been emptied yet.  Under
 * lsh_round_lock. */
void lsh_advice_look(const struct lsh_graph *graph, uint64_t number);

#endif
