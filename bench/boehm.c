/* The comparator of cycles_vs_boehm: garbage pairs with Boehm's collector, as cheaply as it can be asked.
 *
 *     bench/boehm objects
 *
 * prints the nanoseconds of processor time an object.  The pairs are those of pairs.c.  References into
 * the middle of objects are not looked for, which the program does not need: that saves a byte an object, and with it
 * the next larger size.
 */
#include "clock.h"

#include <gc.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST 1000000

struct pair {
	struct pair *other;
	long value[3];
};

static void pairs_drop(long objects)
{
	for (; objects > 0; objects -= 2) {
		struct pair *a = GC_MALLOC(sizeof(*a)), *b = GC_MALLOC(sizeof(*b));

		b->other = a;
		a->other = b;
		__asm__ volatile("" : "+r"(a) : : "memory");
	}
}

int main(int argc, char **argv)
{
	long objects = argc == 2 ? atol(argv[1]) : 0;
	double cost;

	if (objects < 2) {
		fprintf(stderr, "usage: %s objects\n", argv[0]);
		return 2;
	}
	GC_set_all_interior_pointers(0);
	GC_INIT();
	pairs_drop(FIRST);
	cost = process_ns();
	pairs_drop(objects);
	GC_gcollect();
	printf("%.3f\n", (process_ns() - cost) / (double)objects);
	return 0;
}
