/* Waiting for what other threads do.  No test asserts how long something takes: a wait ends with the event, or
 * fails after half a minute. */
#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <unistd.h>
#include "tap.h"

static inline bool wait_nap(int *naps)
{
	usleep(1000);
	return ++*naps < 30000;
}

/* Evaluates the condition again and again until it holds; tells whether it does. */
#define WAIT_FOR(condition)                                                                        \
	({                                                                                         \
		int naps_ = 0;                                                                     \
		bool holds_;                                                                       \
		while (!(holds_ = (condition)) && wait_nap(&naps_))                                \
			;                                                                          \
		holds_;                                                                            \
	})

/* A check that the condition comes to hold; the name and its arguments are evaluated afterwards. */
#define eventually(condition, ...)                                                                 \
	do {                                                                                       \
		bool held_ = WAIT_FOR(condition);                                                  \
		tap__ok(held_, #condition, __FILE__, __LINE__, __VA_ARGS__);                       \
	} while (0)

#endif
