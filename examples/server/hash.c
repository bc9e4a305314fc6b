/* Hashes: a map of the library's behind the beginning that all values have.
 *
 * Everything that a hash must be, the map is: threads read and change it at once without a lock, and the collector sees
 * through it to the values, of which some may lead back to the hash.
 */
#include "value.h"

struct hash {
	struct value value;
	leash_map *fields;
};

static const leash_type hash_type = {
	.name = "hash",
	.size = sizeof(struct hash),
	LEASH_FIELDS(struct hash, fields),
};

struct hash *hash_new(void)
{
	struct hash *hash = leash_new(&hash_type);

	if (!hash)
		return NULL;
	hash->value.kind = HASH;
	leash_set_take(&hash->fields, leash_map_new());
	if (hash->fields)
		return hash;
	leash_release(hash);
	return NULL;
}

size_t hash_length(const struct hash *hash)
{
	return leash_map_size(hash->fields);
}

int hash_set(struct hash *hash, const char *name, size_t length, struct value *value)
{
	void *before;
	int error = leash_map_exchange(hash->fields, leash_key_bytes(name, length), value, &before);

	leash_release(before);
	return error ? error : !before;
}

struct value *hash_get(const struct hash *hash, const char *name, size_t length)
{
	return leash_map_get(hash->fields, leash_key_bytes(name, length));
}

bool hash_remove(struct hash *hash, const char *name, size_t length)
{
	return leash_map_remove(hash->fields, leash_key_bytes(name, length));
}

struct each {
	hash_fn *fn;
	void *arg;
};

static bool call(leash_key key, void *value, void *arg)
{
	const struct each *each = arg;

	return each->fn(key.bytes, key.number, value, each->arg);
}

void hash_each(const struct hash *hash, hash_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	leash_map_each(hash->fields, call, &each);
}
