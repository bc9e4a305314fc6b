/* Finding a command by its name, and what is the same for all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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

/* A command's name, as errors have it. */
struct lower {
	char name[32];
};

static struct lower lower_of(const struct command *command)
{
	struct lower lower = { "" };

	for (size_t i = 0; command->name[i] && i < sizeof(lower.name) - 1; i++)
		lower.name[i] = (char)tolower((unsigned char)command->name[i]);
	return lower;
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

void command_run(struct client *client, const struct request *request)
{
	const struct command *command = find(&request->words[0]);

	if (!command) {
		reply_unknown(client, request->words, request->count);
		return;
	}
	if (command->arity < 0 ? request->count < (size_t)-command->arity : request->count != (size_t)command->arity) {
		reply_wrong_arity(client, lower_of(command).name);
		return;
	}
	if (*client_subscriptions(client) && !command->subscribed) {
		reply_error(client, "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
				    "RESET are allowed in this context", lower_of(command).name);
		return;
	}
	if (command->grows && !memory_allows()) {
		reply_no_memory(client);
		return;
	}
	note(client, command);
	command->run(client, request->words, request->count);
}
