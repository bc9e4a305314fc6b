/* Commands for lists.
 *
 * Who changes a list holds the lock of its key, since a list that is empty loses the key, and what is pushed after that must
 * go to a list that has one.  Who reads a list does not.
 */
#include <stdlib.h>
#include "expect.h"
#include "keys.h"

static void release_all(struct text **texts, size_t number)
{
	size_t i;

	for (i = 0; i < number; i++)
		leash_release(texts[i]);
	free(texts);
}

/* An array of texts with the words' bytes; NULL without memory. */
static struct text **texts_of(const struct word *words, size_t number)
{
	struct text **texts = malloc(number * sizeof(*texts));
	size_t i;

	for (i = 0; texts && i < number; i++) {
		texts[i] = text_new(words[i].bytes, words[i].length);
		if (!texts[i]) {
			release_all(texts, i);
			return NULL;
		}
	}
	return texts;
}

/* To the key's list, or, without a value, to a new one that becomes the key's.  The length, SIZE_MAX without memory. */
static size_t push_to(struct value *value, const struct word *key, struct text *const *texts, size_t number, bool left)
{
	LEASH_AUTO struct list *list = value ? leash_retain((struct list *)value) : list_new();
	size_t length = list ? list_push(list, texts, number, left) : SIZE_MAX;

	if (length != SIZE_MAX && !value && keys_set(key->bytes, key->length, (struct value *)list) != 0)
		length = SIZE_MAX;
	return length;
}

static void push(struct client *client, const struct word *words, size_t count, bool left)
{
	const struct word *key = &words[1];
	struct text **texts = texts_of(words + 2, count - 2);
	LEASH_AUTO struct value *value = NULL;
	size_t length = SIZE_MAX;
	bool fits;

	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	fits = !value || kind_of(value) == LIST;
	if (fits && texts)
		length = push_to(value, key, texts, count - 2, left);
	keys_unlock(key->bytes, key->length);

	if (texts)
		release_all(texts, count - 2);
	if (!expect_kind(client, value, LIST))
		return;
	if (length == SIZE_MAX)
		reply_no_memory(client);
	else
		reply_number(client, (int64_t)length);
}

static void lpush(struct client *client, const struct word *words, size_t count)
{
	push(client, words, count, true);
}

static void rpush(struct client *client, const struct word *words, size_t count)
{
	push(client, words, count, false);
}

/* From the list of that key, and if that empties it, the key. */
static size_t pop_from(struct value *value, const struct word *key, struct text **texts, size_t number, bool left)
{
	struct list *list = (struct list *)value;

	number = list_pop(list, texts, number, left);
	if (list_length(list) == 0)
		keys_remove(key->bytes, key->length);
	return number;
}

static void pop_one(struct client *client, const struct word *key, bool left)
{
	LEASH_AUTO struct value *value = NULL;
	LEASH_AUTO struct text *text = NULL;

	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	if (value && kind_of(value) == LIST)
		pop_from(value, key, &text, 1, left);
	keys_unlock(key->bytes, key->length);

	if (!expect_kind(client, value, LIST))
		return;
	if (text)
		reply_text(client, text);
	else
		reply_nil(client);
}

static void reply_texts(struct client *client, struct text **texts, size_t number)
{
	size_t i;

	reply_array(client, number);
	for (i = 0; i < number; i++)
		reply_text(client, texts[i]);
}

static void pop_some(struct client *client, const struct word *key, size_t wanted, bool left)
{
	LEASH_AUTO struct value *value = NULL;
	struct text **texts = NULL;
	size_t number = 0;

	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	if (value && kind_of(value) == LIST && wanted > 0) {
		number = list_length((struct list *)value);
		number = number < wanted ? number : wanted;
		texts = malloc(number * sizeof(*texts));
		number = texts ? pop_from(value, key, texts, number, left) : SIZE_MAX;
	}
	keys_unlock(key->bytes, key->length);

	if (!expect_kind(client, value, LIST))
		return;
	if (!value)
		reply_nil_array(client);
	else if (number == SIZE_MAX)
		reply_no_memory(client);
	else
		reply_texts(client, texts, number);
	release_all(texts, texts ? number : 0);
}

static void pop(struct client *client, const struct word *words, size_t count, bool left)
{
	int64_t number;

	if (count > 3)
		reply_wrong_arity(client, left ? "lpop" : "rpop");
	else if (count == 2)
		pop_one(client, &words[1], left);
	else if (expect_count(client, &words[2], &number))
		pop_some(client, &words[1], (size_t)number, left);
}

static void lpop(struct client *client, const struct word *words, size_t count)
{
	pop(client, words, count, true);
}

static void rpop(struct client *client, const struct word *words, size_t count)
{
	pop(client, words, count, false);
}

static void llen(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);

	(void)count;
	if (expect_kind(client, value, LIST))
		reply_number(client, value ? (int64_t)list_length((struct list *)value) : 0);
}

struct reply {
	struct client *client;
	bool begun;
};

/* Only long texts are retained; short ones are copied (output.c). */
static void reply_next(struct text *text, size_t left, void *arg)
{
	struct reply *reply = arg;

	if (!reply->begun)
		reply_array(reply->client, left);
	reply->begun = true;
	reply_text(reply->client, text);
}

static void lrange(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = NULL;
	struct reply reply = { client, false };
	int64_t first, last;

	(void)count;
	if (!expect_number(client, &words[2], &first) || !expect_number(client, &words[3], &last))
		return;
	value = keys_get(words[1].bytes, words[1].length);
	if (!expect_kind(client, value, LIST))
		return;
	if (value)
		list_range((struct list *)value, first, last, reply_next, &reply);
	if (!reply.begun)
		reply_array(client, 0);
}

const struct command list_commands[] = {
	{ "LPUSH", -3, lpush, false, true, NULL },
	{ "RPUSH", -3, rpush, false, true, NULL },
	{ "LPOP", -2, lpop, false, false, NULL },
	{ "RPOP", -2, rpop, false, false, NULL },
	{ "LLEN", 2, llen, false, false, NULL },
	{ "LRANGE", 4, lrange, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
