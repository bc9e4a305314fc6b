/* The one place that reports misuse: see fault.c. */
#ifndef LSH_FAULT_H
#define LSH_FAULT_H

#include <leash/abi.h>

/* One line on stderr that names object, type and fault; then abort. */
_Noreturn void lsh_fault(const struct leash__header *h, const char *fault);

/* The same where there is no object to name. */
_Noreturn void lsh_fault_call(const char *function, const char *fault);

/* One line on stderr, and on. */
void lsh_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
