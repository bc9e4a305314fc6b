/* What an entry of a map is called: see map_key.c. */
#ifndef LSH_MAP_KEY_H
#define LSH_MAP_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/type.h>
#include "../collect/array.h"

struct lsh_map_layout;

/* Copies of keys.  Zero-initialised: none. */
struct lsh_keys {
	struct lsh_array copies_;
	uint32_t used;
};
void lsh_keys_free(struct lsh_keys *keys);

/* The layout of maps of the type; NULL for all other types. */
const struct lsh_map_layout *lsh_map_layout_of(const leash_type *type);

/* Copies the key of the entry whose value is at that place; returns the number of the copy, which is below LSH_KEYS_MAX.  False
 * without the memory.  In the read section in which the place was found. */
#define LSH_KEYS_MAX (UINT32_C(1) << 30)
bool lsh_keys_add(struct lsh_keys *keys, const struct lsh_map_layout *layout, const void *value, uint32_t *number);

/* Writes a key: ["session:17"], [42], [0x7f2a4c220090]. */
#define LSH_KEY_NAME 64 /* bytes, with the 0 at the end */
void lsh_key_name(char name[LSH_KEY_NAME], const struct lsh_keys *keys, uint32_t number);

#endif
