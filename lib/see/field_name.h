/* What a field is called: see field_name.c. */
#ifndef LSH_FIELD_NAME_H
#define LSH_FIELD_NAME_H

#include <stddef.h>
#include <stdint.h>
#include <leash/type.h>
#include "map_key.h"

/* A field of an object: its offset in the payload, in words; or for a reference that the type's trace reports, its number
 * with LSH_FIELD_TRACED; or for one in an entry of a map, the number of the key's copy with LSH_FIELD_KEYED. */
#define LSH_FIELD_TRACED  (UINT32_C(1) << 31)
#define LSH_FIELD_KEYED   (UINT32_C(3) << 30)
#define LSH_FIELD_UNKNOWN UINT32_MAX

#define LSH_FIELD_NAME 80 /* bytes of a name, with the 0 at its end; longer ones are cut */

/* For whoever visits the references of one object (lsh_type_visit), one after the other: which field is this? */
struct lsh_fields {
	const char *payload;
	size_t bytes;    /* of it */
	uint32_t traced; /* references so far that are not in it */
	struct lsh_keys *keys;
	const struct lsh_map_layout *map;
};
struct leash__header;

/* Keys of maps are copied into `keys`; NULL: they do not matter. */
struct lsh_fields lsh_fields_of(const struct leash__header *h, struct lsh_keys *keys);
uint32_t lsh_field_label(struct lsh_fields *fields, const void *field);

/* Writes the name: "next", "children[2]", "[7]", "[\"key\"]". */
void lsh_field_name(char name[LSH_FIELD_NAME], const leash_type *type, const struct lsh_keys *keys, uint32_t field);

/* The number of the type's entry that the field belongs to: type->field_count for what its trace reports, and for
 * an unknown one. */
size_t lsh_field_entry(const leash_type *type, uint32_t field);

/* Writes the name of an entry as such: "children[]", "[]". */
void lsh_field_entry_name(char name[LSH_FIELD_NAME], const leash_type *type, size_t entry);

#endif
