/* References in fields, out of line: for bindings of languages that cannot use the header's inline code. */
#include <leash/leash.h>
#undef leash_set
#undef leash_set_take
#undef leash_get
#undef leash_steal
#undef leash_clear

#include "fault.h"

void leash__no_field(void)
{
	lsh_fault_call("leash_set, get, steal or clear", "the address of the field is NULL");
}

void leash_set(void *field, const void *object)
{
	leash__set(field, object, 0);
}

void leash_set_take(void *field, const void *object)
{
	leash__set_take(field, object, 0);
}

void *leash_get(const void *field)
{
	return leash__get(field);
}

void *leash_steal(void *field)
{
	return leash__exchange(field, NULL);
}

void leash_clear(void *field)
{
	leash__release(leash__exchange(field, NULL));
}
