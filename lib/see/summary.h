/* An image by type: see summary.c. */
#ifndef LSH_SUMMARY_H
#define LSH_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>
#include "cycles.h"
#include "image.h"

struct lsh_type_summary {
	const leash_type *type;
	uint32_t number; /* in the library's table */
	uint64_t objects, bytes;
	uint64_t outside;  /* objects held from outside */
	uint64_t immortal; /* objects */
	uint64_t garbage;  /* objects */
};

/* All references from one entry of a type's fields to objects of one type. */
struct lsh_field_summary {
	uint32_t from, to; /* types of the summary */
	uint32_t entry;    /* for lsh_field_entry_name() */
	uint64_t references;
	uint64_t in_cycles;
};

struct lsh_summary {
	struct lsh_array types_, fields_;
	uint32_t type_count, field_count;
};

/* False without memory.  To be freed in any case. */
bool lsh_summary_make(struct lsh_summary *summary, const struct lsh_image *image, const struct lsh_cycles *cycles);
void lsh_summary_free(struct lsh_summary *summary);

/* Those with most bytes first. */
static inline const struct lsh_type_summary *lsh_summary_types(const struct lsh_summary *summary)
{
	return summary->types_.data;
}

/* In the order of the types, of each of the entries, and of the types that they lead to. */
static inline const struct lsh_field_summary *lsh_summary_fields(const struct lsh_summary *summary)
{
	return summary->fields_.data;
}

#endif
