/* A seeded scheduler for the library's test points: see scheduler.c. */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

/* The seed to begin with: the environment's STRESS_SEED, or one that differs from run to run. */
uint64_t scheduler_first_seed(void);

/* How long to go on: the environment's STRESS_SECONDS, or what is proposed. */
double scheduler_seconds(double proposed);

/* Begins a schedule: from here on all threads behave by that seed.  With interruptions, a thread of the test is
 * also stopped by signals wherever it happens to be, which reaches the inlined paths, where no test
 * points are.  Before the first object, and later only while no other thread of the test runs. */
void scheduler_begin(uint64_t seed, bool interruptions);

/* First and last in every thread of the test.  The number, and the seed, make its schedule. */
void scheduler_enter(unsigned number);
void scheduler_leave(void);

/* Numbers for the test's own decisions, by seed and thread. */
uint64_t scheduler_random(void);
unsigned scheduler_below(unsigned limit);
bool scheduler_one_in(unsigned number);

/* Sleeps for up to that many microseconds. */
void scheduler_nap(unsigned microseconds);

/* Prints how often each test point was passed since the program began. */
void scheduler_report(void);

#endif
