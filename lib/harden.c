/* Hardened mode (LEASH_OPTIONS=harden:true): every pointer that is handed to the library is looked up.
 *
 * A pointer that is not in the census (census.c) ends the program with one line instead of corrupting whatever it points
 * to.  Objects have no owners in this mode, so that no operation is done by inlined code; it is meant for tests and for
 * hunting a bug, not for speed.
 *
 * An object leaves the census when its memory goes, so pointers to dead objects are told from
 * pointers to nothing only while that lasts.
 */
#include <stdlib.h>

#include "census.h"
#include "fault.h"
#include "harden.h"
#include "options.h"
#include "thread.h"

bool lsh_hardened = true; /* until it is known */

void lsh_harden_start(void)
{
	lsh_hardened = lsh_options()->harden;
}

void lsh_harden_check_slow(const struct leash__header *h, const char *function)
{
	/* The first thing the program does with the library may be wrong. */
	lsh_start();
	if (!lsh_hardened || lsh_census_has(h))
		return;
	lsh_say("object %p: %s: not a live object", (const void *)(h + 1), function);
	abort();
}
