/* Two costs taken in turn: see measure.h.
 *
 * Neither side is always the one that finds the caches, the allocator and the processor's clock as the other has
 * left them.  Each is taken once before anything counts.
 */
#include "measure.h"

#include "quantile.h"

#include <stdio.h>

bool alternate(const struct cost costs[2], int repetitions, struct outcome *outcome)
{
	static double times[2][MAX_REPETITIONS], quotients[MAX_REPETITIONS];

	for (int r = -1; r < repetitions; r++) {
		double taken[2];

		for (int k = 0; k < 2; k++) {
			int i = r % 2 == 0 ? k : 1 - k;

			taken[i] = costs[i].take();
			if (taken[i] < 0)
				return false;
		}
		if (r < 0)
			continue;
		times[0][r] = taken[0];
		times[1][r] = taken[1];
		quotients[r] = taken[0] / taken[1];
	}
	outcome->ratio = quantile(quotients, repetitions, 0.5);
	snprintf(outcome->detail, sizeof(outcome->detail), "%s %.2f ns / %s %.2f ns (quartiles %.2f-%.2f)",
		 costs[0].name, quantile(times[0], repetitions, 0.5), costs[1].name,
		 quantile(times[1], repetitions, 0.5), quantile(quotients, repetitions, 0.25),
		 quantile(quotients, repetitions, 0.75));
	return true;
}
