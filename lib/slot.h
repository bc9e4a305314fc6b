/* What slots do for maps: see slot.c. */
#ifndef LSH_SLOT_H
#define LSH_SLOT_H

#include <leash/slot.h>

/* Puts the object into the slot unless the slot is empty, and returns what was there.  The caller's reference goes with the
 * object, and one to what it returns comes back; if that is NULL, nothing has changed hands. */
void *lsh_slot_replace(leash_slot *slot, const void *object);

#endif
