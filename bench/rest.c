/* Until this process does nothing any more.
 *
 * The library works on threads of its own, and may still be at it when the call that caused the work has returned.
 * A timed stretch that ends with this has paid for everything.  Looking whether all is quiet costs some
 * microseconds of processor time.
 */
#include "rest.h"

#include "clock.h"

#define LOOK_NS  5000000L
#define QUIET_NS 250000.0
#define LOOKS    2000

void rest(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };

	for (int i = 0; i < LOOKS; i++) {
		double before = process_ns();

		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		if (process_ns() - before < QUIET_NS)
			return;
	}
}
