/* Whether a sanitizer or valgrind watches.  It makes memory larger, threads dearer, and reports itself what the
 * library would otherwise report. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#endif
#endif
#ifndef ADDRESS_SANITIZED
#define ADDRESS_SANITIZED 0
#endif

#ifdef LEASH__STRONG_GUARD
#define THREAD_SANITIZED 1
#else
#define THREAD_SANITIZED 0
#endif

#define SANITIZED (ADDRESS_SANITIZED || THREAD_SANITIZED)

#ifdef HAVE_VALGRIND_MEMCHECK_H
#include <valgrind/valgrind.h>
#define ON_VALGRIND RUNNING_ON_VALGRIND
#else
#define ON_VALGRIND 0
#endif

/* Fewer rounds where each takes long. */
#define SLOW (SANITIZED || ON_VALGRIND)

#endif
