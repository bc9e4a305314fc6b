/* Hardened mode: see harden.c. */
#ifndef LSH_HARDEN_H
#define LSH_HARDEN_H

#include <stdbool.h>
#include <leash/abi.h>
#include "track.h"

extern bool lsh_hardened LSH_HIDDEN;

/* Called once, before the first object is made. */
void lsh_harden_start(void);

void lsh_harden_check_slow(const struct leash__header *h, const char *function);

/* Aborts with one line if the pointer is not a live object's, when that is to be checked. */
static inline void lsh_harden_check(const struct leash__header *h, const char *function)
{
	if (__builtin_expect(lsh_hardened, 0))
		lsh_harden_check_slow(h, function);
}

#endif
