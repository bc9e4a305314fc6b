/* Commands for texts.
 *
 * Texts never change: whoever writes makes a new one and lets the key lead to it.  That happens under the key's lock, so
 * that nothing comes between what was read and what is written.
 */
#include <errno.h>

#include "commands.h"
#include "expect.h"
#include "keys.h"

#define LONGEST ((size_t)512 << 20)

static int64_t expiry_of(const struct value *value)
{
	return value ? __atomic_load_n(&value->expires, __ATOMIC_RELAXED) : 0;
}

static void get(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);

	(void)count;
	if (!value)
		reply_nil(client);
	else if (expect_kind(client, value, TEXT))
		reply_text(client, (struct text *)value);
}

static void mget(struct client *client, const struct word *words, size_t count)
{
	reply_array(client, count - 1);
	for (size_t i = 1; i < count; i++) {
		LEASH_AUTO struct value *value = keys_get(words[i].bytes, words[i].length);

		if (value && kind_of(value) == TEXT)
			reply_text(client, (struct text *)value);
		else
			reply_nil(client);
	}
}

static void length_of(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);

	(void)count;
	if (expect_kind(client, value, TEXT))
		reply_number(client, value ? (int64_t)((struct text *)value)->length : 0);
}

/* --- SET. */

struct set {
	bool if_absent, if_present, get, keep;
	const struct word *time; /* of its end, NULL: none */
	int64_t unit;            /* milliseconds */
	bool absolute;
	int64_t expires;
};

static const struct {
	const char *name;
	int64_t unit;
	bool absolute;
} ends[] = { { "EX", 1000, false }, { "PX", 1, false }, { "EXAT", 1000, true }, { "PXAT", 1, true } };

/* One of the four, twice the same at most; how many words. */
static size_t read_end(struct set *set, const struct word *words, size_t count)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (!word_is(&words[0], ends[i].name))
			continue;
		if (count < 2 || set->keep ||
		    (set->time && (set->unit != ends[i].unit || set->absolute != ends[i].absolute)))
			return 0;
		set->time = &words[1];
		set->unit = ends[i].unit;
		set->absolute = ends[i].absolute;
		return 2;
	}
	return 0;
}

static size_t read_option(struct set *set, const struct word *words, size_t count)
{
	if (word_is(&words[0], "NX") && !set->if_present)
		return set->if_absent = true;
	if (word_is(&words[0], "XX") && !set->if_absent)
		return set->if_present = true;
	if (word_is(&words[0], "GET"))
		return set->get = true;
	if (word_is(&words[0], "KEEPTTL") && !set->time)
		return set->keep = true;
	return read_end(set, words, count);
}

static bool read_time(struct client *client, struct set *set)
{
	int64_t time, now = set->absolute ? 0 : clock_now();

	if (!expect_number(client, set->time, &time))
		return false;
	if (time > 0 && !__builtin_mul_overflow(time, set->unit, &time) && !__builtin_add_overflow(time, now, &time)) {
		set->expires = time;
		return true;
	}
	reply_error(client, "ERR invalid expire time in 'set' command");
	return false;
}

static bool read_options(struct client *client, struct set *set, const struct word *words, size_t count)
{
	for (size_t i = 3; i < count;) {
		size_t read = read_option(set, &words[i], count - i);

		if (!read) {
			reply_error(client, "ERR syntax error");
			return false;
		}
		i += read;
	}
	return !set->time || read_time(client, set);
}

/* Under the key's lock.  1: done; 0: not to be done; -ENOMEM. */
static int set_if(const struct set *set, const struct word *key, struct value *old, struct value *new)
{
	if ((set->if_absent && old) || (set->if_present && !old) || (set->get && old && kind_of(old) != TEXT))
		return 0;
	if (!new)
		return -ENOMEM;
	new->expires = set->keep ? expiry_of(old) : set->expires;
	return keys_set(key->bytes, key->length, new) == 0 ? 1 : -ENOMEM;
}

static void set_as(struct client *client, const struct set *set, const struct word *words)
{
	const struct word *key = &words[1];
	LEASH_AUTO struct value *new = (struct value *)text_new(words[2].bytes, words[2].length);
	LEASH_AUTO struct value *old = NULL;
	int done;

	keys_lock(key->bytes, key->length);
	if (set->if_absent || set->if_present || set->get || set->keep)
		old = keys_get(key->bytes, key->length);
	done = set_if(set, key, old, new);
	keys_unlock(key->bytes, key->length);

	if (done < 0)
		reply_no_memory(client);
	else if (set->get && !expect_kind(client, old, TEXT))
		return;
	else if (set->get && old)
		reply_text(client, (struct text *)old);
	else if (set->get || !done)
		reply_nil(client);
	else
		reply_simple(client, "OK");
}

static void set(struct client *client, const struct word *words, size_t count)
{
	struct set set = { .if_absent = false };

	if (read_options(client, &set, words, count))
		set_as(client, &set, words);
}

static void getset(struct client *client, const struct word *words, size_t count)
{
	static const struct set plain = { .get = true };

	(void)count;
	set_as(client, &plain, words);
}

/* Under the keys' locks.  The texts are those of every second word. */
static int set_all(const struct word *words, size_t count, leash_array *texts)
{
	int error = 0;

	for (size_t i = 0; i < count / 2 && !error; i++) {
		LEASH_AUTO struct value *text = leash_array_get(texts, i);

		error = keys_set(words[2 * i].bytes, words[2 * i].length, text);
	}
	return error;
}

/* NULL without memory. */
static leash_array *texts_of(const struct word *words, size_t count)
{
	leash_array *texts = leash_array_new();

	for (size_t i = 1; i < count && texts; i += 2) {
		LEASH_AUTO struct text *text = text_new(words[i].bytes, words[i].length);

		if (!text || leash_array_append(texts, text) != 0)
			leash_clear(&texts);
	}
	return texts;
}

/* All at once for whoever writes: of two who set the same keys, all are the one's or all the other's.  Who reads takes no lock,
 * and may see some of them set and others not yet. */
static void mset(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO leash_array *texts = NULL;
	uint32_t locks = 0;
	int error;

	if (count % 2 == 0) {
		reply_wrong_arity(client, "mset");
		return;
	}
	texts = texts_of(words + 1, count - 1);
	if (!texts) {
		reply_no_memory(client);
		return;
	}
	for (size_t i = 1; i < count; i += 2)
		locks |= keys_locks_of(words[i].bytes, words[i].length);
	keys_lock_all(locks);
	error = set_all(words + 1, count - 1, texts);
	keys_unlock_all(locks);
	if (error)
		reply_no_memory(client);
	else
		reply_simple(client, "OK");
}

/* --- What changes a text, that is, replaces it by one made of it. */

enum made { MADE, NO_NUMBER, TOO_LARGE, TOO_LONG, NO_MEMORY };

/* Makes the new text of the old one, which may be NULL. */
typedef enum made make_fn(const struct text *old, const struct word *word, int64_t by, struct text **new);

static enum made add(const struct text *old, const struct word *word, int64_t by, struct text **new)
{
	int64_t number = 0;

	(void)word;
	if (old && !text_is_number(old, &number))
		return NO_NUMBER;
	if (__builtin_add_overflow(number, by, &number))
		return TOO_LARGE;
	*new = text_of_number(number);
	return *new ? MADE : NO_MEMORY;
}

static enum made join(const struct text *old, const struct word *word, int64_t by, struct text **new)
{
	(void)by;
	if (old && old->length + word->length > LONGEST)
		return TOO_LONG;
	*new = old ? text_joined(old, word->bytes, word->length) : text_new(word->bytes, word->length);
	return *new ? MADE : NO_MEMORY;
}

static void reply_not_made(struct client *client, enum made made)
{
	static const char *const errors[] = {
		[NO_NUMBER] = "ERR value is not an integer or out of range",
		[TOO_LARGE] = "ERR increment or decrement would overflow",
		[TOO_LONG] = "ERR string exceeds maximum allowed size (proto-max-bulk-len)",
	};

	if (made == NO_MEMORY)
		reply_no_memory(client);
	else
		reply_error(client, "%s", errors[made]);
}

/* The new text, a reference; NULL if an error has been answered. */
static struct text *change(struct client *client, const struct word *words, int64_t by, make_fn *make)
{
	const struct word *key = &words[1];
	LEASH_AUTO struct value *old = NULL;
	struct text *new = NULL;
	enum made made = MADE;

	keys_lock(key->bytes, key->length);
	old = keys_get(key->bytes, key->length);
	if (!old || kind_of(old) == TEXT)
		made = make((struct text *)old, &words[2], by, &new);
	if (new) {
		new->value.expires = expiry_of(old);
		if (keys_set(key->bytes, key->length, &new->value) != 0)
			made = NO_MEMORY;
	}
	keys_unlock(key->bytes, key->length);

	if (!expect_kind(client, old, TEXT))
		return NULL;
	if (made == MADE)
		return new;
	reply_not_made(client, made);
	leash_release(new);
	return NULL;
}

static void add_to(struct client *client, const struct word *words, int64_t by)
{
	LEASH_AUTO struct text *new = change(client, words, by, add);
	int64_t number;

	if (new && text_is_number(new, &number))
		reply_number(client, number);
}

static void incr(struct client *client, const struct word *words, size_t count)
{
	(void)count;
	add_to(client, words, 1);
}

static void decr(struct client *client, const struct word *words, size_t count)
{
	(void)count;
	add_to(client, words, -1);
}

static void incrby(struct client *client, const struct word *words, size_t count)
{
	int64_t by;

	(void)count;
	if (expect_number(client, &words[2], &by))
		add_to(client, words, by);
}

static void decrby(struct client *client, const struct word *words, size_t count)
{
	int64_t by;

	(void)count;
	if (!expect_number(client, &words[2], &by))
		return;
	if (by == INT64_MIN)
		reply_error(client, "ERR decrement would overflow");
	else
		add_to(client, words, -by);
}

static void append(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct text *new = change(client, words, 0, join);

	(void)count;
	if (new)
		reply_number(client, (int64_t)new->length);
}

const struct command text_commands[] = {
	{ "GET", 2, get, false, false, NULL },
	{ "SET", -3, set, false, true, NULL },
	{ "MGET", -2, mget, false, false, NULL },
	{ "MSET", -3, mset, false, true, NULL },
	{ "GETSET", 3, getset, false, true, NULL },
	{ "INCR", 2, incr, false, true, NULL },
	{ "DECR", 2, decr, false, true, NULL },
	{ "INCRBY", 3, incrby, false, true, NULL },
	{ "DECRBY", 3, decrby, false, true, NULL },
	{ "APPEND", 3, append, false, true, NULL },
	{ "STRLEN", 2, length_of, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
