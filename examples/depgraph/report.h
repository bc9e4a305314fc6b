/* What depgraph says on standard output. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include "database.h"
#include "engine.h"
#include "measure.h"
#include "predict.h"

void report_input(const char *path, const struct database *db);
void report_rates(const struct measurement *m, const struct engine *const engines[ENGINES],
		  unsigned threads);

/* Compares what an engine has left with the prediction, to the single object.  False, and every
 * sort of difference told, if they do not agree; silent otherwise. */
bool check_left(const struct database *db, const struct prediction *p,
		const struct engine *engine);

/* Names the cycles and what they hold; all of it, or the beginning. */
void report_left(const struct database *db, const struct prediction *p, bool all);

/* Compares what collecting came to with the prediction, and says how it went.  False, and every
 * sort of difference told, if they do not agree or the second graph has suffered. */
bool report_collection(const struct prediction *p, const struct engine *engine,
		       const struct collection *c, unsigned threads);

#endif
