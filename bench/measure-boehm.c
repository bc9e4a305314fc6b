/* Endless churn of garbage pairs: here, and with Boehm's tracing collector (bench/boehm.c).
 *
 * Automatic collection on both sides, processor time of the whole process, and what is left over at the end is
 * collected on both.  The comparator is a program of its own: it stops threads by signals and looks for
 * references wherever the process has memory, which would disturb this side.
 */
#include "measure.h"

#include "clock.h"
#include "pairs.h"
#include "program.h"
#include "rest.h"

#include <leash/leash.h>
#include <stdio.h>
#include <unistd.h>

#define NAME    "cycles_vs_boehm"
#define PROGRAM "bench/boehm"
#define OBJECTS 10000000

double boehm_ours(void)
{
	double cost;

	rest();
	cost = process_ns();
	pairs_drop(OBJECTS);
	leash_collect(2);
	rest();
	return (process_ns() - cost) / OBJECTS;
}

#define TEXT(number)  TEXT_(number)
#define TEXT_(number) #number

double boehm_theirs(void)
{
	const char *const argv[] = { PROGRAM, TEXT(OBJECTS), NULL };

	if (access(PROGRAM, X_OK) != 0) {
		fprintf(stderr, "ratios: " NAME ": no " PROGRAM " here: install libgc-dev (Debian's name), "
				"configure again, and run this at the top of the build tree\n");
		return -1;
	}
	return program_number(NAME, argv);
}
