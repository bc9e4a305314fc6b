/* Other programs, run by a measure: comparators that are no part of this process, and this one anew.
 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Runs a program, which is looked for as a shell does, waits for its end and copies the first line that it
 * prints, without the end of line.  With `line` NULL it prints where this process does.
 *
 * False after a line on stderr that names the measure, when the program cannot be run, fails, or
 * prints nothing. */
bool program_run(const char *measure, const char *const argv[], char *line, size_t size);

/* The same for a program that prints one number: that number, or -1 after a line on stderr. */
double program_number(const char *measure, const char *const argv[]);

#endif
