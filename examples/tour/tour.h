/* The tour: how objects live and die, in chapters.  Each prints what happens; tests/tour.sh compares that with
 * printed.txt, word for word. */
#ifndef TOUR_H
#define TOUR_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <leash/leash.h>

/* In the order in which main.c goes through them. */
void labels(void);
void immutables(void);
void shared_default(void);
void counting(void);
void cycles(void);
void thresholds(void);
void weak_references(void);
void user_cache(void);
void observers(void);
void refusal(void);
void trees(void);
void resources(void);
void many_threads(void);

/* What is the program to do without memory? */
static inline void *need(void *object)
{
	if (!object) {
		perror("tour");
		exit(1);
	}
	return object;
}

static inline void must(int result)
{
	if (result < 0) {
		fprintf(stderr, "tour: error %d\n", -result);
		exit(1);
	}
}

static inline const char *yes_no(bool answer)
{
	return answer ? "yes" : "no";
}

/* Waits, half a minute at most, for what the library's threads do on their own: true when the number is there. */
static inline bool becomes(const int *number, int value)
{
	int naps;

	for (naps = 0; naps < 30000 && __atomic_load_n(number, __ATOMIC_ACQUIRE) != value; naps++)
		usleep(1000);
	return __atomic_load_n(number, __ATOMIC_ACQUIRE) == value;
}

#endif
