/* Finding a command by its name, and what is the same for all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "channel.h"
#include "commands.h"
#include "connection.h"
#include "expect.h"
#include "keys.h"
#include "memory.h"

#define PLACES 512 /* a power of two, several times as many as there are commands */
#define QUOTED 128 /* characters of what cannot be understood */

/* By the hash of the name; whoever finds his place taken stands behind. */
static const struct command *places[PLACES];
static size_t number;

static unsigned hash_of(const char *name, size_t length)
{
	unsigned hash = (unsigned)length;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + ((unsigned char)name[i] & ~0x20u);
	return hash ^ hash >> 9;
}

static void add(const struct command *commands)
{
	for (; commands->name; commands++, number++) {
		unsigned place = hash_of(commands->name, strlen(commands->name));

		while (places[place % PLACES])
			place++;
		places[place % PLACES] = commands;
	}
}

void commands_start(void)
{
	add(server_commands);
	add(key_commands);
	add(text_commands);
	add(list_commands);
	add(hash_commands);
	add(channel_commands);
	add(leash_commands);
}

size_t commands_number(void)
{
	return number;
}

static const struct command *find(const struct word *name)
{
	unsigned place = hash_of(name->bytes, name->length);
	const struct command *command;

	for (; (command = places[place % PLACES]); place++) {
		if (strlen(command->name) == name->length &&
		    strncasecmp(command->name, name->bytes, name->length) == 0)
			return command;
	}
	return NULL;
}

bool word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->length && strncasecmp(text, word->bytes, word->length) == 0;
}

struct lower lower_of(const struct command *command)
{
	struct lower lower = { "" };

	for (size_t i = 0; command->name[i] && i < sizeof(lower.name) - 1; i++)
		lower.name[i] = (char)tolower((unsigned char)command->name[i]);
	return lower;
}

void reply_lines(struct client *client, const char *const *lines)
{
	size_t count = 0;

	while (lines[count])
		count++;
	reply_array(client, count);
	while (*lines)
		reply_simple(client, *lines++);
}

static void reply_unknown(struct client *client, const struct word *words, size_t count)
{
	char arguments[QUOTED + 8];
	size_t length = 0;

	for (size_t i = 1; i < count && length < QUOTED; i++) {
		size_t room = QUOTED - length;

		length += (size_t)snprintf(arguments + length, sizeof(arguments) - length, "'%.*s' ",
					   (int)(words[i].length < room ? words[i].length : room), words[i].bytes);
	}
	arguments[length] = 0;
	reply_error(client, "ERR unknown command '%.*s', with args beginning with: %s",
		    (int)(words->length < QUOTED ? words->length : QUOTED), words->bytes, arguments);
}

static void note(struct client *client, const struct command *command)
{
	struct session *session = leash_slot_load(&client->session);

	__atomic_store_n(&client->what, command, __ATOMIC_RELAXED);
	__atomic_store_n(&client->last, clock_now(), __ATOMIC_RELAXED);
	__atomic_store_n(&client->loop->commands, client->loop->commands + 1, __ATOMIC_RELAXED);
	if (session) {
		__atomic_fetch_add(&session->commands, 1, __ATOMIC_RELAXED);
		leash_release(session);
	}
}

/* What the second word names; NULL if there is no such part, and then an error has been answered. */
static const struct command *find_part(struct client *client, const struct command *command, const struct word *word)
{
	size_t before = strlen(command->name) + strlen("|");
	const struct command *part;

	for (part = command->parts; part->name; part++) {
		if (word_is(word, part->name + before))
			return part;
	}
	reply_error(client, "ERR unknown subcommand '%.*s'. Try %s HELP.",
		    word->length < QUOTED ? (int)word->length : QUOTED, word->bytes, command->name);
	return NULL;
}

static bool has_words(struct client *client, const struct command *command, size_t count)
{
	if (command->arity < 0 ? count >= (size_t)-command->arity : count == (size_t)command->arity)
		return true;
	reply_wrong_arity(client, lower_of(command).name);
	return false;
}

static const struct command *understand(struct client *client, const struct request *request)
{
	const struct command *command = find(&request->words[0]);

	if (!command) {
		reply_unknown(client, request->words, request->count);
		return NULL;
	}
	if (!has_words(client, command, request->count))
		return NULL;
	if (!command->parts || request->count == 1)
		return command;
	command = find_part(client, command, &request->words[1]);
	return command && has_words(client, command, request->count) ? command : NULL;
}

static size_t bytes_of(const struct request *request)
{
	size_t sum = 0;

	for (size_t i = 0; i < request->count; i++)
		sum += request->words[i].length;
	return sum;
}

/* In the order of Redis. */
static bool may_run(struct client *client, const struct command *command, const struct request *request)
{
	if (command->grows && !memory_allows(bytes_of(request))) {
		reply_no_memory(client);
		return false;
	}
	if (*client_subscriptions(client) && !command->subscribed) {
		reply_error(client, "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
				    "RESET are allowed in this context", lower_of(command).name);
		return false;
	}
	return true;
}

void command_run(struct client *client, const struct request *request)
{
	const struct command *command = understand(client, request);

	if (!command || !may_run(client, command, request))
		return;
	note(client, command);
	command->run(client, request->words, request->count);
	if (command->subscribed)
		__atomic_store_n(&client->channels, subscriptions(client), __ATOMIC_RELAXED);
}
