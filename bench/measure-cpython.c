/* Building and collecting a million objects in garbage pairs: CPython, and the same here.
 *
 * CPython gets its cheapest way to do it: a class with one slot and no initialiser, fast local variables, no
 * automatic collection, and what the interpreter itself consists of taken out of collections.  Both sides do it
 * once before they time it, because memory that is new to a process costs more.
 */
#include "measure.h"

#include "clock.h"
#include "pairs.h"
#include "program.h"
#include "rest.h"

#include <leash/leash.h>
#include <stdio.h>

#define NAME    "cycles_vs_cpython"
#define OBJECTS 1000000

double cpython_ours(void)
{
	double cost;
	long collected;

	leash_gc_disable();
	rest();
	cost = process_ns();
	pairs_drop(OBJECTS);
	collected = leash_collect(2);
	rest();
	cost = process_ns() - cost;
	leash_gc_enable();
	if (collected != OBJECTS) {
		fprintf(stderr, "ratios: " NAME ": leash_collect() returned %ld, not %d\n", collected, OBJECTS);
		return -1;
	}
	return cost / OBJECTS;
}

static const char script[] =
	"import gc, itertools, sys, time\n"
	"class Pair:\n"
	"    __slots__ = ('other',)\n"
	"def build(pairs):\n"
	"    new = Pair\n"
	"    for _ in itertools.repeat(None, pairs):\n"
	"        a = new()\n"
	"        b = new()\n"
	"        a.other = b\n"
	"        b.other = a\n"
	"def once(objects):\n"
	"    start = time.process_time_ns()\n"
	"    build(objects // 2)\n"
	"    if gc.collect() < objects - 2:\n"
	"        sys.exit('not all collected')\n"
	"    return (time.process_time_ns() - start) / objects\n"
	"gc.disable()\n"
	"gc.freeze()\n"
	"once(int(sys.argv[1]))\n"
	"print(once(int(sys.argv[1])))\n";

#define TEXT(number)  TEXT_(number)
#define TEXT_(number) #number

double cpython_theirs(void)
{
	/* -I: whatever the environment says to Python. */
	const char *const argv[] = { "python3", "-I", "-c", script, TEXT(OBJECTS), NULL };
	double cost = program_number(NAME, argv);

	if (cost < 0)
		fprintf(stderr, "ratios: " NAME ": the comparator is CPython: install python3 (Debian's name)\n");
	return cost;
}
