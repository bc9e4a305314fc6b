/* What a debugger needs to know.
 *
 * A debugger looks at a process that is stopped, or at a core file: it can call nothing, and where the library was stripped
 * it knows no structure of it.  So the library describes itself: one constant, found by its name among the exported
 * symbols, says where types, objects and threads are, and where in them stands what matters.  tools/leash_heap.py reads it.
 *
 * What is public (the header and the flags in <leash/abi.h>, the description in <leash/type.h>, the weak reference in
 * <leash/weak.h>) is not repeated here.  The number at the end of the name is that of the layout in <leash/abi.h>, as
 * in leash__self_1; `version` is that of this structure, and goes up with any change to it or to what it leads to.
 *
 * A stopped process may be in the middle of anything.  What a reader has to expect: a thread whose `busy` is set is about
 * to change a count; a ward whose objects are not as many as it says is being changed; and credits that a thread, or the
 * background thread for it, has taken out of its table are for a moment neither there nor subtracted (deferred.c).
 *
 * Nobody calls anything here, and it costs nothing.
 */
#include <stddef.h>

#include "../census.h"
#include "../thread.h"
#include "../type.h"
#include "debugger.h"
#include "statistics.h"

#define LSH_COUNTER(name) #name " "
const struct leash__debugger leash__debugger_1 = {
	.version = LSH_DEBUGGER_VERSION,
	.size = sizeof(struct leash__debugger),

	.types = lsh_types,
	.type_count = sizeof(lsh_types) / sizeof(lsh_types[0]),
	.type_stride = sizeof(struct lsh_type),
	.type_type = offsetof(struct lsh_type, type),
	.type_size = offsetof(struct lsh_type, size),
	.type_body = offsetof(struct lsh_type, body),

	.census_on = &lsh_census_on,
	.wards = lsh_wards,
	.ward_count = LSH_WARDS,
	.ward_stride = sizeof(struct lsh_ward),
	.ward_places = offsetof(struct lsh_ward, places),
	.ward_size = offsetof(struct lsh_ward, size),
	.ward_objects = offsetof(struct lsh_ward, count),

	.records = &lsh_first_record,
	.record_hot = offsetof(struct lsh_record, hot),
	.record_next = offsetof(struct lsh_record, next),
	.record_credits = offsetof(struct lsh_record, deferred.table),
	.credit_count = LEASH__CREDITS,

	.record_counters = offsetof(struct lsh_record, counters),
	.past_counters = &lsh_past_counters,
	.counter_names = LSH_COUNTERS(LSH_COUNTER),

	.array = &lsh_array_layout,
	.map = &lsh_map_layout,
	.key_map = &lsh_key_map_layout,
};
#undef LSH_COUNTER
