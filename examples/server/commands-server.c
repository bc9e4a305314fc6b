/* Commands for connections and for the server itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "connection.h"
#include "expect.h"
#include "keys.h"
#include "memory.h"
#include "server.h"

/* A client that has subscribed gets an array, as all it is sent then is one. */
static void ping(struct client *client, const struct word *words, size_t count)
{
	bool subscribed = *client_subscriptions(client) != NULL;

	if (count > 2)
		reply_wrong_arity(client, "ping");
	else if (subscribed) {
		reply_array(client, 2);
		reply_bytes(client, "pong", 4);
		reply_bytes(client, count == 2 ? words[1].bytes : "", count == 2 ? words[1].length : 0);
	} else if (count == 2)
		reply_bytes(client, words[1].bytes, words[1].length);
	else
		reply_simple(client, "PONG");
}

static void echo(struct client *client, const struct word *words, size_t count)
{
	(void)count;
	reply_bytes(client, words[1].bytes, words[1].length);
}

static void quit(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_simple(client, "OK");
	client_close_after(client);
}

static void select_db(struct client *client, const struct word *words, size_t count)
{
	int64_t number;

	(void)count;
	if (!expect_number(client, &words[1], &number))
		return;
	if (number == 0)
		reply_simple(client, "OK");
	else
		reply_error(client, "ERR DB index is out of range");
}

static void shut_down(struct client *client, const struct word *words, size_t count)
{
	if (count > 2 || (count == 2 && !word_is(&words[1], "NOSAVE") && !word_is(&words[1], "SAVE")))
		reply_error(client, "ERR syntax error");
	else {
		client_close_after(client);
		loops_stop();
	}
}

/* --- CLIENT. */

static void client_id_of(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_number(client, (int64_t)client_id(client));
}

static void client_getname(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct session *session = leash_slot_load(&client->session);

	(void)words;
	(void)count;
	if (session)
		reply_bytes(client, session->name, session->length);
	else
		reply_nil(client);
}

static bool is_name(const struct word *word)
{
	for (size_t i = 0; i < word->length; i++) {
		if (word->bytes[i] < '!' || word->bytes[i] > '~')
			return false;
	}
	return true;
}

static void client_setname(struct client *client, const struct word *words, size_t count)
{
	struct session *session = NULL;

	(void)count;
	if (!is_name(&words[2])) {
		reply_error(client, "ERR Client names cannot contain spaces, newlines or special characters.");
		return;
	}
	if (words[2].length && !(session = session_of(words[2].bytes, words[2].length))) {
		reply_no_memory(client);
		return;
	}
	leash_slot_store_take(&client->session, session);
	reply_simple(client, "OK");
}

static bool print_client(void *member, void *arg)
{
	const struct client *client = member;
	LEASH_AUTO struct session *session = leash_slot_load(&client->session);
	const struct command *what = __atomic_load_n(&client->what, __ATOMIC_RELAXED);
	size_t channels = __atomic_load_n(&client->channels, __ATOMIC_RELAXED);
	int64_t now = clock_now();

	fprintf(arg, "id=%llu addr=%s fd=%d name=%.*s age=%lld idle=%lld flags=%c db=0 sub=%zu cmd=%s session-commands=%llu\n",
		(unsigned long long)client->id, client->address, client->file, session ? (int)session->length : 0,
		session ? session->name : "", (long long)(now - client->since) / 1000,
		(long long)(now - __atomic_load_n(&client->last, __ATOMIC_RELAXED)) / 1000,
		channels ? 'P' : 'N', channels, what ? lower_of(what).name : "NULL",
		session ? (unsigned long long)__atomic_load_n(&session->commands, __ATOMIC_RELAXED) : 0);
	return true;
}

static void print_clients(FILE *stream)
{
	leash_weak_set_each(clients, print_client, stream);
}

/* Replies what is printed. */
static void reply_printed(struct client *client, void (*print)(FILE *stream))
{
	char *bytes = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&bytes, &length);

	if (stream) {
		print(stream);
		if (fclose(stream) == 0)
			reply_bytes(client, bytes, length);
		else
			reply_no_memory(client);
		free(bytes);
	} else {
		reply_no_memory(client);
	}
}

static void client_list(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	if (count > 2)
		reply_error(client, "ERR syntax error");
	else
		reply_printed(client, print_clients);
}

static void client_help(struct client *client, const struct word *words, size_t count)
{
	static const char *const lines[] = {
		"CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"GETNAME", "    Return the name of the current connection, which is that of its session.",
		"ID", "    Return the ID of the current connection.",
		"LIST", "    Return information about client connections.",
		"SETNAME <name>", "    Join the session <name>, which all connections of that name share.",
		"HELP", "    Prints this help.", NULL,
	};

	(void)words;
	(void)count;
	reply_lines(client, lines);
}

static const struct command client_parts[] = {
	{ "CLIENT|GETNAME", 2, client_getname, false, false, NULL },
	{ "CLIENT|HELP", 2, client_help, false, false, NULL },
	{ "CLIENT|ID", 2, client_id_of, false, false, NULL },
	{ "CLIENT|LIST", -2, client_list, false, false, NULL },
	{ "CLIENT|SETNAME", 3, client_setname, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};

/* --- CONFIG. */

struct setting {
	const char *name;
	const char *text; /* NULL: the number */
	size_t number;
};

static void reply_setting(struct client *client, const struct setting *setting)
{
	char number[32];

	snprintf(number, sizeof(number), "%zu", setting->number);
	reply_bytes(client, setting->name, strlen(setting->name));
	reply_bytes(client, setting->text ? setting->text : number, strlen(setting->text ? setting->text : number));
}

static void config_get(struct client *client, const struct word *words, size_t count)
{
	const struct setting settings[] = {
		{ "appendonly", "no", 0 },
		{ "databases", "1", 0 },
		{ "maxclients", NULL, (size_t)options.maxclients },
		{ "maxmemory", NULL, options.maxmemory },
		{ "maxmemory-policy", "allkeys-lru", 0 },
		{ "port", NULL, (size_t)options.port },
		{ "save", "", 0 },
		{ "io-threads", NULL, (size_t)options.threads },
	};
	size_t number = sizeof(settings) / sizeof(settings[0]), found = 0;
	bool wanted[sizeof(settings) / sizeof(settings[0])] = { false };

	for (size_t i = 0; i < number; i++) {
		for (size_t j = 2; j < count && !wanted[i]; j++)
			wanted[i] = glob_matches(words[j].bytes, words[j].length, settings[i].name,
						 strlen(settings[i].name));
		found += wanted[i];
	}
	reply_array(client, 2 * found);
	for (size_t i = 0; i < number; i++) {
		if (wanted[i])
			reply_setting(client, &settings[i]);
	}
}

static void config_help(struct client *client, const struct word *words, size_t count)
{
	static const char *const lines[] = {
		"CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"GET <pattern>", "    Return parameters matching the glob-like <pattern> and their values.",
		"HELP", "    Prints this help.", NULL,
	};

	(void)words;
	(void)count;
	reply_lines(client, lines);
}

static const struct command config_parts[] = {
	{ "CONFIG|GET", -3, config_get, false, false, NULL },
	{ "CONFIG|HELP", 2, config_help, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};

/* --- COMMAND and INFO. */

static void command_count(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_number(client, (int64_t)commands_number());
}

static void command_help(struct client *client, const struct word *words, size_t count)
{
	static const char *const lines[] = {
		"COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"COUNT", "    Return the total number of commands in this server.",
		"DOCS [<command-name> ...]", "    Return documentation details: none.",
		"HELP", "    Prints this help.", NULL,
	};

	(void)words;
	(void)count;
	reply_lines(client, lines);
}

/* Details, which clients can do without. */
static void command(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_array(client, 0);
}

static const struct command command_parts[] = {
	{ "COMMAND|COUNT", 2, command_count, false, false, NULL },
	{ "COMMAND|DOCS", -2, command, false, false, NULL },
	{ "COMMAND|HELP", 2, command_help, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};

static void print_info(FILE *stream)
{
	fprintf(stream, "# Server\r\nserver_name:" SERVER_NAME "\r\ncounting:" SERVER_COUNTING "\r\nleash_version:%s\r\n"
			"process_id:%ld\r\ntcp_port:%d\r\nuptime_in_seconds:%lld\r\nthreads:%d\r\n\r\n",
		LEASH_VERSION, (long)getpid(), options.port, (long long)(clock_now() - server_started) / 1000,
		options.threads);
	fprintf(stream, "# Clients\r\nconnected_clients:%ld\r\nmaxclients:%ld\r\nsessions:%zu\r\n\r\n",
		__atomic_load_n(&server_clients, __ATOMIC_RELAXED), options.maxclients, sessions_number());
	fprintf(stream, "# Memory\r\nused_memory:%zu\r\nmaxmemory:%zu\r\nmaxmemory_policy:allkeys-lru\r\n\r\n",
		memory_used(), options.maxmemory);
	fprintf(stream, "# Stats\r\ntotal_commands_processed:%llu\r\n\r\n", (unsigned long long)loops_commands());
	fprintf(stream, "# Keyspace\r\ndb0:keys=%zu\r\n", keys_number());
}

/* All sections, whichever are asked for. */
static void info(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_printed(client, print_info);
}

const struct command server_commands[] = {
	{ "PING", -1, ping, true, false, NULL },
	{ "ECHO", 2, echo, false, false, NULL },
	{ "QUIT", -1, quit, true, false, NULL },
	{ "SELECT", 2, select_db, false, false, NULL },
	{ "SHUTDOWN", -1, shut_down, false, false, NULL },
	{ "CLIENT", -2, NULL, false, false, client_parts },
	{ "CONFIG", -2, NULL, false, false, config_parts },
	{ "COMMAND", -1, command, false, false, command_parts },
	{ "INFO", -1, info, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
