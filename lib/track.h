/* What the compiler and its tools have to be told.  The one seam to ThreadSanitizer: synchronisation it cannot
 * see (liburcu's grace periods); and to the memory checkers, valgrind and AddressSanitizer: whether one watches, and
 * memory that nobody may touch though it has not been freed. */
#ifndef LSH_TRACK_H
#define LSH_TRACK_H

#include <stdbool.h>
#include <stddef.h>

#include <leash/abi.h>

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/memcheck.h>
#define LSH_ON_VALGRIND (RUNNING_ON_VALGRIND != 0)
#else
#define LSH_ON_VALGRIND                           false
#define VALGRIND_MAKE_MEM_NOACCESS(memory, bytes) ((void)(memory), (void)(bytes))
#endif

#ifdef LEASH__STRONG_GUARD
void __tsan_acquire(void *token);
void __tsan_release(void *token);
#define LSH_ACQUIRE(token) __tsan_acquire(token)
#define LSH_RELEASE(token) __tsan_release(token)
#else
#define LSH_ACQUIRE(token) ((void)(token))
#define LSH_RELEASE(token) ((void)(token))
#endif

/* AddressSanitizer's runtime, if the program has it; this library need not be built with it. */
void __asan_poison_memory_region(const volatile void *memory, size_t bytes) __attribute__((weak));

/* Whether something watches that has to see each object come from malloc and go back there. */
static inline bool lsh_is_watched(void)
{
	return __asan_poison_memory_region || LSH_ON_VALGRIND;
}

/* Whoever touches this memory before it is freed is reported. */
static inline void lsh_forbid(void *memory, size_t bytes)
{
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(memory, bytes);
	VALGRIND_MAKE_MEM_NOACCESS(memory, bytes);
}

/* LeakSanitizer's, which does not see the links in headers (heap.h): whoever keeps a dead object only there says so. */
void __lsan_ignore_object(const void *memory) __attribute__((weak));

static inline void lsh_is_no_leak(const void *memory)
{
	if (__lsan_ignore_object)
		__lsan_ignore_object(memory);
}

/* Data of the library's own is addressed directly, not through the table of exported symbols. */
#define LSH_HIDDEN __attribute__((visibility("hidden")))

#endif
