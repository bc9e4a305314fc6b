/* Medians and quartiles: see quantile.h.
 */
#include "quantile.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(double *values, int count, double share)
{
	double at = (double)(count - 1) * share;
	int below = (int)at;

	qsort(values, (size_t)count, sizeof(*values), ascending);
	if (below + 1 >= count)
		return values[count - 1];
	return values[below] + (at - below) * (values[below + 1] - values[below]);
}
