/* Commands for hashes.
 *
 * Who changes a hash holds the lock of its key, as with lists, and so does HGETALL, that its answer is what the hash was
 * between two commands.  HGET and HLEN take none.
 *
 * A field that LINK has led to a list or a hash is no text that could be answered: WRONGTYPE.
 */
#include <errno.h>
#include "expect.h"
#include "keys.h"

/* The words are names and values by turns.  How many fields are new; -ENOMEM. */
static int64_t set_fields(struct hash *hash, const struct word *words, size_t count)
{
	int64_t fresh = 0;
	size_t i;

	for (i = 0; i < count; i += 2) {
		LEASH_AUTO struct text *text = text_new(words[i + 1].bytes, words[i + 1].length);
		int set = text ? hash_set(hash, words[i].bytes, words[i].length, &text->value) : -ENOMEM;

		if (set < 0)
			return set;
		fresh += set;
	}
	return fresh;
}

/* The same for the key's hash, or, without a value, for a new one that becomes the key's. */
static int64_t set_in(struct value *value, const struct word *key, const struct word *words, size_t count)
{
	LEASH_AUTO struct hash *hash = value ? leash_retain((struct hash *)value) : hash_new();
	int64_t fresh = hash ? set_fields(hash, words, count) : -ENOMEM;

	if (fresh >= 0 && !value && keys_set(key->bytes, key->length, (struct value *)hash) != 0)
		fresh = -ENOMEM;
	return fresh;
}

static void hset(struct client *client, const struct word *words, size_t count)
{
	const struct word *key = &words[1];
	LEASH_AUTO struct value *value = NULL;
	int64_t fresh = 0;

	if (count % 2 != 0) {
		reply_wrong_arity(client, "hset");
		return;
	}
	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	if (!value || kind_of(value) == HASH)
		fresh = set_in(value, key, words + 2, count - 2);
	keys_unlock(key->bytes, key->length);

	if (!expect_kind(client, value, HASH))
		return;
	if (fresh < 0)
		reply_no_memory(client);
	else
		reply_number(client, fresh);
}

static void reply_field(struct client *client, struct value *value)
{
	if (!value)
		reply_nil(client);
	else if (expect_kind(client, value, TEXT))
		reply_text(client, (struct text *)value);
}

static void hget(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);
	LEASH_AUTO struct value *field = NULL;

	(void)count;
	if (!expect_kind(client, value, HASH))
		return;
	if (value)
		field = hash_get((struct hash *)value, words[2].bytes, words[2].length);
	reply_field(client, field);
}

/* From the hash of that key, and if that empties it, the key. */
static int64_t remove_fields(struct hash *hash, const struct word *key, const struct word *names, size_t count)
{
	int64_t removed = 0;
	size_t i;

	for (i = 0; i < count; i++)
		removed += hash_remove(hash, names[i].bytes, names[i].length);
	if (hash_length(hash) == 0)
		keys_remove(key->bytes, key->length);
	return removed;
}

static void hdel(struct client *client, const struct word *words, size_t count)
{
	const struct word *key = &words[1];
	LEASH_AUTO struct value *value = NULL;
	int64_t removed = 0;

	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	if (value && kind_of(value) == HASH)
		removed = remove_fields((struct hash *)value, key, words + 2, count - 2);
	keys_unlock(key->bytes, key->length);

	if (expect_kind(client, value, HASH))
		reply_number(client, removed);
}

/* An array: names, as texts, and values by turns. */
static bool collect(const char *name, size_t length, struct value *value, void *arg)
{
	leash_array **found = arg;
	LEASH_AUTO struct text *text = text_new(name, length);

	if (text && leash_array_append(*found, text) == 0 && leash_array_append(*found, value) == 0)
		return true;
	leash_clear(found);
	return false;
}

/* What is in the key's hash, NULL without memory; `value` is the key's. */
static leash_array *fields_of(const struct word *key, struct value **value)
{
	leash_array *found = leash_array_new();

	keys_lock(key->bytes, key->length);
	*value = keys_get(key->bytes, key->length);
	if (found && *value && kind_of(*value) == HASH)
		hash_each((struct hash *)*value, collect, &found);
	keys_unlock(key->bytes, key->length);
	return found;
}

static void hgetall(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = NULL;
	LEASH_AUTO leash_array *found = fields_of(&words[1], &value);
	size_t number, i;

	(void)count;
	if (!expect_kind(client, value, HASH))
		return;
	if (!found) {
		reply_no_memory(client);
		return;
	}
	number = leash_array_size(found);
	reply_array(client, number);
	for (i = 0; i < number; i++) {
		LEASH_AUTO struct value *part = leash_array_get(found, i);

		reply_field(client, part);
	}
}

static void hlen(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);

	(void)count;
	if (expect_kind(client, value, HASH))
		reply_number(client, value ? (int64_t)hash_length((struct hash *)value) : 0);
}

const struct command hash_commands[] = {
	{ "HSET", -4, hset, false, true, NULL },
	{ "HGET", 3, hget, false, false, NULL },
	{ "HDEL", -3, hdel, false, false, NULL },
	{ "HGETALL", 2, hgetall, false, false, NULL },
	{ "HLEN", 2, hlen, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
