/* What no other server has: values that lead to values, and questions to the library.
 *
 *     LINK key field other     the field of the hash is the value that `other` leads to, itself
 *     LEASH STATS              counters
 *     LEASH COLLECT            a full round: how many objects were reclaimed
 *     LEASH WHY key [field]    what keeps the key's value alive, or that of the field of its hash
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

/* --- Questions. */

/* What is asked about, a reference: the key's value, or that of a field of the key's hash, whatever it is; NULL if an error has
 * been answered. */
static struct value *find(struct client *client, const struct word *words, size_t count)
{
	struct value *value = keys_get(words[2].bytes, words[2].length);
	LEASH_AUTO struct value *hash = NULL;

	if (value && count == 4) {
		hash = value;
		if (!expect_kind(client, hash, HASH))
			return NULL;
		value = hash_get((struct hash *)hash, words[3].bytes, words[3].length);
	}
	if (!value)
		reply_error(client, "ERR no such %s", hash ? "field" : "key");
	return value;
}

static void ask_about(struct client *client, const struct word *words, size_t count,
		      struct text *(*question)(void *value))
{
	struct value *value = find(client, words, count);

	if (value)
		client_answer_later(client, question, value);
}

static void ask_stats(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	client_answer_later(client, stats, NULL);
}

static void ask_collect(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	client_answer_later(client, collect, NULL);
}

static void ask_why(struct client *client, const struct word *words, size_t count)
{
	if (count > 4)
		reply_wrong_arity(client, "leash|why");
	else
		ask_about(client, words, count, why);
}

static void ask_heap(struct client *client, const struct word *words, size_t count)
{
	if (count > 3)
		reply_wrong_arity(client, "leash|heap");
	else if (count == 3)
		ask_about(client, words, count, heap);
	else
		client_answer_later(client, heap, NULL);
}

static void ask_advice(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	client_answer_later(client, advice, NULL);
}

static void help(struct client *client, const struct word *words, size_t count)
{
	static const char *const lines[] = {
		"LEASH <subcommand> [<arg> ...]. Subcommands are:",
		"ADVICE", "    Through which fields reclaimed cycles ran.",
		"COLLECT", "    Collect all cycles; return how many objects were reclaimed.",
		"HEAP [<key>]", "    The heap, or the surroundings of the key's value, as JSON.",
		"STATS", "    The library's counters.",
		"WHY <key> [<field>]", "    What keeps the value alive.",
		"HELP", "    Prints this help.", NULL,
	};

	(void)words;
	(void)count;
	reply_lines(client, lines);
}

static const struct command leash_parts[] = {
	{ "LEASH|ADVICE", 2, ask_advice, false, false, NULL },
	{ "LEASH|COLLECT", 2, ask_collect, false, false, NULL },
	{ "LEASH|HEAP", -2, ask_heap, false, false, NULL },
	{ "LEASH|HELP", 2, help, false, false, NULL },
	{ "LEASH|STATS", 2, ask_stats, false, false, NULL },
	{ "LEASH|WHY", -3, ask_why, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};

const struct command leash_commands[] = {
	{ "LINK", 4, link_value, false, true, NULL },
	{ "LEASH", -2, NULL, false, false, leash_parts },
	{ NULL, 0, NULL, false, false, NULL },
};
