/* What no other server has: values that lead to values, and questions to the library.
 *
 *     LINK key field other     the field of the hash is the value that `other` leads to, itself
 *     LEASH STATS              counters
 *     LEASH COLLECT            a full round: how many objects were reclaimed
 *     LEASH WHY key            what keeps the key's value alive
 *     LEASH HEAP [key]         the heap as JSON, or the surroundings of a value
 *     LEASH ADVICE             through which fields cycles ran
 *
 * What LEASH asks for can take as long as a full round, and is answered later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "expect.h"
#include "keys.h"

/* Puts the value into the key's hash, or, if `value` is NULL, into a new one that becomes the key's. */
static int link_in(struct value *value, const struct word *key, const struct word *field, struct value *other)
{
	LEASH_AUTO struct hash *hash = value ? leash_retain((struct hash *)value) : hash_new();
	int set = hash ? hash_set(hash, field->bytes, field->length, other) : -ENOMEM;

	if (set >= 0 && !value && keys_set(key->bytes, key->length, (struct value *)hash) != 0)
		set = -ENOMEM;
	return set;
}

static void link_value(struct client *client, const struct word *words, size_t count)
{
	const struct word *key = &words[1];
	LEASH_AUTO struct value *other = keys_get(words[3].bytes, words[3].length);
	LEASH_AUTO struct value *value = NULL;
	int set = 0;

	(void)count;
	if (!other) {
		reply_error(client, "ERR no such key");
		return;
	}
	keys_lock(key->bytes, key->length);
	value = keys_get(key->bytes, key->length);
	if (!value || kind_of(value) == HASH)
		set = link_in(value, key, &words[2], other);
	keys_unlock(key->bytes, key->length);

	if (!expect_kind(client, value, HASH))
		return;
	if (set < 0)
		reply_no_memory(client);
	else
		reply_number(client, set);
}

/* --- Answers: whole replies, made on another thread. */

static struct text *answer(const char *reply)
{
	return text_new(reply, strlen(reply));
}

static struct text *answer_error(int error)
{
	if (error == -ENOTSUP)
		return answer("-ERR objects are not tracked: start the server with LEASH_OPTIONS=track:true\r\n");
	if (error == -ENOMEM)
		return answer("-OOM not enough memory to look at everything\r\n");
	if (error == -ENOSYS)
		return answer("-ERR " SERVER_COUNTING " counting has no such answer\r\n");
	return answer("-ERR the library cannot say\r\n");
}

static struct text *answer_bulk(const char *bytes, size_t length)
{
	struct text *text = NULL;
	char *reply = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&reply, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "$%zu\r\n", length);
	fwrite(bytes, 1, length, stream);
	fputs("\r\n", stream);
	if (fclose(stream) == 0)
		text = text_new(reply, size);
	free(reply);
	return text;
}

typedef int print_fn(FILE *stream, const void *value);

static struct text *answer_printed(print_fn *print, const void *value)
{
	struct text *text = NULL;
	char *bytes = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&bytes, &length);
	int error;

	if (!stream)
		return NULL;
	error = print(stream, value);
	if (fclose(stream) == 0)
		text = error ? answer_error(error) : answer_bulk(bytes, length);
	free(bytes);
	return text;
}

static int print_stats(FILE *stream, const void *value)
{
	(void)value;
	return leash_stats_print(stream, LEASH_TEXT);
}

static int print_advice(FILE *stream, const void *value)
{
	(void)value;
	return leash_advice_print(stream, LEASH_TEXT);
}

static int print_why(FILE *stream, const void *value)
{
	return leash_why(value, stream);
}

static int print_heap(FILE *stream, const void *value)
{
	return leash_heap_dump(stream, LEASH_JSON, value);
}

static struct text *stats(void *value)
{
	return answer_printed(print_stats, value);
}

static struct text *advice(void *value)
{
	return answer_printed(print_advice, value);
}

static struct text *why(void *value)
{
	return answer_printed(print_why, value);
}

static struct text *heap(void *value)
{
	return answer_printed(print_heap, value);
}

static struct text *collect(void *value)
{
	long reclaimed = leash_collect(LEASH_GENERATIONS - 1);
	char reply[32];

	(void)value;
	if (reclaimed < 0)
		return answer_error((int)reclaimed);
	snprintf(reply, sizeof(reply), ":%ld\r\n", reclaimed);
	return answer(reply);
}

static const struct question {
	const char *name, *full_name;
	size_t least, most; /* words */
	struct text *(*answer)(void *value);
} questions[] = {
	{ "STATS", "leash|stats", 2, 2, stats },
	{ "COLLECT", "leash|collect", 2, 2, collect },
	{ "WHY", "leash|why", 3, 3, why },
	{ "HEAP", "leash|heap", 2, 3, heap },
	{ "ADVICE", "leash|advice", 2, 2, advice },
};

static const struct question *find(const struct word *name)
{
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (word_is(name, questions[i].name))
			return &questions[i];
	}
	return NULL;
}

static void ask(struct client *client, const struct word *words, size_t count)
{
	const struct question *question = find(&words[1]);
	struct value *value = NULL;

	if (!question) {
		reply_error(client, "ERR unknown subcommand '%.*s'. Try STATS, COLLECT, WHY, HEAP or ADVICE.",
			    words[1].length < 128 ? (int)words[1].length : 128, words[1].bytes);
		return;
	}
	if (count < question->least || count > question->most) {
		reply_wrong_arity(client, question->full_name);
		return;
	}
	if (count == 3) {
		value = keys_get(words[2].bytes, words[2].length);
		if (!value) {
			reply_error(client, "ERR no such key");
			return;
		}
	}
	client_answer_later(client, question->answer, value);
}

const struct command leash_commands[] = {
	{ "LINK", 4, link_value, false, true },
	{ "LEASH", -2, ask, false, false },
	{ NULL, 0, NULL, false, false },
};
