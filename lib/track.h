/* What the compiler and its tools have to be told.  The one seam to ThreadSanitizer: synchronisation it cannot
 * see (liburcu's grace periods). */
#ifndef LSH_TRACK_H
#define LSH_TRACK_H

#ifdef LEASH__STRONG_GUARD
void __tsan_acquire(void *token);
void __tsan_release(void *token);
#define LSH_ACQUIRE(token) __tsan_acquire(token)
#define LSH_RELEASE(token) __tsan_release(token)
#else
#define LSH_ACQUIRE(token) ((void)(token))
#define LSH_RELEASE(token) ((void)(token))
#endif

/* Data of the library's own is addressed directly, not through the table of exported symbols. */
#define LSH_HIDDEN __attribute__((visibility("hidden")))

#endif
