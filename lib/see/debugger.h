/* What a debugger needs to know: see debugger.c. */
#ifndef LSH_DEBUGGER_H
#define LSH_DEBUGGER_H

#include <stdint.h>
#include <leash/type.h>

#define LSH_DEBUGGER_VERSION 2

/* Where an array (stock/array.c) has its elements. */
struct lsh_array_layout {
	const leash_type *type;
	uint64_t buffer;   /* offset in the array, of a pointer to the buffer */
	uint64_t size;     /* in the buffer, of the number of elements */
	uint64_t elements; /* and of the first one */
};
extern const struct lsh_array_layout lsh_array_layout;

/* Where a map with strong values (stock/map.c, stock/key_map.c) has its entries.  They are in liburcu's list, whose nodes begin with
 * two words: a pointer to the next, 0 at the end, with flags in its three lowest bits; and a hash.  A node with flag 1 is
 * being removed, one with flag 2 is no entry. */
struct lsh_map_layout {
	const leash_type *type;
	uint64_t table;    /* offset in the map, of a pointer to the table */
	uint64_t first;    /* in the table, of a pointer to the list's first node */
	uint64_t value;    /* bytes in front of an entry's node, where its value is */
	uint64_t number;   /* in the entry, behind the beginning of its node: the key, or how many bytes it has */
	uint64_t is_bytes; /* a byte */
	uint64_t bytes;
	uint64_t objects;  /* whether the keys are addresses of objects */
};
extern const struct lsh_map_layout lsh_map_layout, lsh_key_map_layout;

/* After the first two, words of 8 bytes, which tools/leash_heap.py reads in this order.  (Where pointers have 4, it sees that
 * by the size, and refuses.)  Offsets and strides are in bytes. */
struct leash__debugger {
	uint32_t version;
	uint32_t size; /* of this structure */

	/* Types, by their number. */
	const void *types;
	uint64_t type_count;
	uint64_t type_stride;
	uint64_t type_type; /* a pointer to the leash_type; NULL: there is none of that number */
	uint64_t type_size; /* 32 bits */
	uint64_t type_body; /* 32 bits */

	/* All objects, if `census_on`, a byte, is not 0: see census.c. */
	const void *census_on;
	const void *wards;
	uint64_t ward_count;
	uint64_t ward_stride;
	uint64_t ward_places;  /* a pointer */
	uint64_t ward_size;    /* the number of its places */
	uint64_t ward_objects; /* the number of those in use */

	/* Threads. */
	const void *records; /* a pointer to the first */
	uint64_t record_hot; /* a struct leash__thread */
	uint64_t record_next;
	uint64_t record_credits; /* a table of struct leash__credit, which is also there while the thread may not use it */
	uint64_t credit_count;

	/* Counters, 64 bits each: a thread's own, and those of threads that ended; see statistics.h. */
	uint64_t record_counters;
	const void *past_counters;
	const void *counter_names; /* text, a space after each */

	const struct lsh_array_layout *array;
	const struct lsh_map_layout *map, *key_map;
};

extern const struct leash__debugger leash__debugger_1 __attribute__((visibility("default")));

#endif
