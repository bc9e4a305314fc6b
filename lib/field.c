/* References in fields, out of line: for bindings of languages that cannot use the header's inline code. */
#include <leash/leash.h>
#undef leash_set
#undef leash_set_take
#undef leash_get
#undef leash_steal
#undef leash_clear

#include "collect/append.h"
#include "collect/collector.h"
#include "count.h"
#include "fault.h"
#include "points.h"
#include "thread.h"

void leash__no_field(void)
{
	lsh_fault_call("leash_set, get, steal or clear", "the address of the field is NULL");
}

void *leash__exchange_tracked(void *field, const void *object, bool moved)
{
	struct leash__header *in = moved && object ? leash__header_of(object) : NULL;
	struct lsh_record *record = in ? lsh_begin_with(in) : lsh_begin();
	void *old = __atomic_load_n((leash__ref *)field, __ATOMIC_RELAXED);

	if (in && lsh_is_cyclic(in))
		lsh_suspect(record, in);
	if (!leash__is_leaf(old))
		lsh_touch(record, leash__header_of(old));
	LSH_POINT("field: about to change");
	__atomic_store_n((leash__ref *)field, (void *)(uintptr_t)object, __ATOMIC_RELEASE);
	lsh_end(record);
	lsh_collector_feed();
	return old;
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
	return leash__exchange(field, NULL, false);
}

void leash_clear(void *field)
{
	leash__release(leash__exchange(field, NULL, false));
}
