/* Which processors this process may use: see processors.h.
 */
#include "processors.h"

#include "case.h"

#include <sched.h>

static cpu_set_t usable;

int processors_count(void)
{
	int count;

	if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
		return 1;
	count = CPU_COUNT(&usable);
	return count < BENCH_MAX_THREADS ? count : BENCH_MAX_THREADS;
}

void processors_bind(int n)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &usable) && n-- == 0)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void processors_unbind(void)
{
	sched_setaffinity(0, sizeof(usable), &usable);
}
