/* Verdicts on garbage that has weak references: see verdict.c. */
#ifndef LSH_VERDICT_H
#define LSH_VERDICT_H

#include <stdbool.h>
#include "graph.h"

/* Tags the pointers to the garbage of the graph.  Without memory it is left for another round. */
void lsh_verdicts_open(struct lsh_graph *graph);

/* Decides for all, after the second reading.  What was rescued is LSH_NOT_NOW, and what that reaches; for what is garbage
 * still, loads give NULL for good.  `rescue` lets all live. */
void lsh_verdicts_close(struct lsh_graph *graph, bool rescue);

/* Frees its array. */
void lsh_verdicts_free(void);

#endif
