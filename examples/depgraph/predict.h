/* Which objects must be left when the graph is dropped, computed without any of them. */
#ifndef PREDICT_H
#define PREDICT_H

#include <stdint.h>
#include "database.h"

enum fate { DIES, IN_CYCLE, HELD_BY_CYCLE };

/* All objects that lead to each other, by however many cycles. */
struct knot {
	uint32_t objects, packages;
	/* One cycle of it: packages, in the order in which they depend on each other. */
	uint32_t first_step, steps;
};

struct prediction {
	uint32_t objects;
	uint32_t left;
	uint8_t *fate;  /* per object: enum fate */
	uint32_t *knot; /* per object that is left: the knot it is in, or one that holds it */
	struct knot *knots;
	uint32_t knot_count;
	uint32_t *steps; /* of all knots' cycles */
	uint32_t step_count;
};

/* 0, or -1 when memory is short; then nothing is left behind. */
int predict(struct prediction *prediction, const struct database *db);
void prediction_free(struct prediction *prediction);

#endif
