/* The order of locks, checked in debug builds: see lock.h. */
#include "fault.h"
#include "lock.h"

#ifdef LEASH_DEBUG
static __thread unsigned held; /* a bit for each rank */

void lsh_lock_check(enum lsh_rank rank)
{
	if (held >> rank)
		lsh_fault_call("lock order", "a lock of the same or a higher rank is held");
}

void lsh_lock_note(enum lsh_rank rank, int taken)
{
	if (taken)
		held |= 1u << rank;
	else
		held &= ~(1u << rank);
}
#else
/* ISO C forbids an empty file. */
extern int lsh_lock_unchecked;
#endif
