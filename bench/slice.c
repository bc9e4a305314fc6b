/* One timed slice: see slice.h.
 *
 * Several threads at one object show what they cost each other only while they really run at the same
 * time.  So they meet at a spinning barrier, work in short stretches until the first of them has done
 * its share, and the slice counts only if this process used nearly as much processor time as that many
 * processors have; otherwise another program had one of them, and the slice is repeated.  (It is the
 * process's time and not the threads': a thread that waits for one of the library's own is no
 * disturbance but a cost.)  The time spent spinning is subtracted.  During a slice each thread is bound
 * to a processor of its own.
 *
 * Threads that sleep while they wait for each other leave processors idle, which is no disturbance either, and lose the
 * time all the same.  Of such a case, with more than one thread, the wall clock counts, times the threads; the slice is
 * repeated if the kernel took the processor from any of them.
 */
#include "slice.h"

#include "clock.h"
#include "hand.h"
#include "processors.h"

#include <sys/resource.h>

#define STRETCH  1000
#define ATTEMPTS 200

struct runner {
	struct hand hand; /* not of the first, which is the calling thread */
	const struct bench_case *of;
	int index;
	long done;     /* operations */
	double waited; /* processor time up to the start */
	double wall;   /* from the start to the end, by the wall clock */
};

static struct runner runners[BENCH_MAX_THREADS];
static int arrived, expected, finished;

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

static void run_with_others(void *arg)
{
	struct runner *me = arg;
	double before = thread_ns(), start, wall;
	long done = 0;

	if (expected > 1)
		processors_bind(me->index);
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) != expected)
		pause_briefly();
	start = thread_ns();
	wall = wall_ns();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		me->of->run(me->of, STRETCH, me->index);
		done += STRETCH;
		if (done >= me->of->slice)
			__atomic_store_n(&finished, 1, __ATOMIC_RELAXED);
	}
	me->wall = wall_ns() - wall;
	me->waited = start - before;
	me->done = done;
	if (expected > 1)
		processors_unbind();
}

/* How often the kernel has preempted a thread of this process. */
static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nivcsw;
}

static double once(const struct side *side)
{
	double cost = process_ns(), longest = 0;
	long done = 0, preempted = preemptions();

	arrived = finished = 0;
	expected = side->threads;
	for (int i = 0; i < side->threads; i++) {
		runners[i].of = side->of;
		runners[i].index = i;
		if (i > 0)
			hand_give(&runners[i].hand, run_with_others, &runners[i]);
	}
	run_with_others(&runners[0]);
	for (int i = 1; i < side->threads; i++)
		hand_wait(&runners[i].hand);
	cost = process_ns() - cost;
	for (int i = 0; i < side->threads; i++) {
		cost -= runners[i].waited;
		done += runners[i].done;
		longest = runners[i].wall > longest ? runners[i].wall : longest;
	}
	if (side->of->sleeps && side->threads > 1)
		return preemptions() != preempted ? -1 : longest * side->threads / (double)done;
	return cost < 0.9 * longest * side->threads ? -1 : cost / (double)done;
}

void slice_threads_start(int threads)
{
	for (int i = 1; i < threads; i++)
		hand_start(&runners[i].hand);
}

void slice_threads_stop(int threads)
{
	for (int i = 1; i < threads; i++)
		hand_stop(&runners[i].hand);
}

double slice_time(const struct side *side)
{
	const struct bench_case *of = side->of;
	double cost = -1;

	if (of->prepare != NULL)
		of->prepare(of, of->slice);
	if (of->shared) {
		for (int i = 0; i < ATTEMPTS && cost < 0; i++)
			cost = once(side);
		return cost;
	}
	cost = process_ns();
	of->run(of, of->slice, 0);
	return (process_ns() - cost) / (double)of->slice;
}
