/* Test points: named places in the protocols where a seeded scheduler may make a thread yield or
 * sleep, so that rare interleavings become common, and a say in every allocation, so that each can be
 * made to fail.  They exist only in the library that the stress tests link (-DLEASH_TEST_POINTS);
 * elsewhere they are nothing.
 */
#ifndef LSH_POINTS_H
#define LSH_POINTS_H

#ifdef LEASH_TEST_POINTS
#include <stdbool.h>

/* Both may be NULL.  Set before the first object is made. */
extern void (*lsh_point_hook)(const char *name);
extern bool (*lsh_allocation_hook)(void); /* true: this allocation fails */
extern bool (*lsh_guess_hook)(void);      /* true: this guess, which need not be right, says yes */

#define LSH_POINT(name)                          \
	do {                                     \
		if (lsh_point_hook)              \
			lsh_point_hook(name);    \
	} while (0)
#define LSH_GUESS(right) ((right) || (lsh_guess_hook && lsh_guess_hook()))
#define LSH_ALLOCATION_FAILS (lsh_allocation_hook && lsh_allocation_hook())
#else
#define LSH_POINT(name)      ((void)0)
#define LSH_GUESS(right)     (right)
#define LSH_ALLOCATION_FAILS 0
#endif

#endif
