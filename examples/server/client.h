/* A connection, and what its commands say to it.
 *
 * A client belongs to one event loop, whose thread alone reads from it, runs its commands and writes to it.  Other threads may
 * hold it (a channel, weakly; LEASH WHY) and may give it a message by client_post().
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include "parse.h"
#include "value.h"

struct client;
struct subscription;

/* --- Replies, by the client's own thread.  Without memory the client is closed. */
void reply_simple(struct client *client, const char *text);       /* +OK */
void reply_error(struct client *client, const char *format, ...)  /* -ERR ..., with the code in the text */
	__attribute__((format(printf, 2, 3)));
void reply_number(struct client *client, int64_t number);         /* :1 */
void reply_bytes(struct client *client, const char *bytes, size_t length); /* a bulk string, copied */
void reply_text(struct client *client, struct text *text);        /* the same, written from the text's own bytes; retains it */
void reply_nil(struct client *client);                            /* $-1 */
void reply_nil_array(struct client *client);                      /* *-1 */
void reply_array(struct client *client, size_t number);           /* so many replies follow */

/* --- Messages from any thread: bytes that are written as they are, as soon as the loop gets to it, if the client is still
 * subscribed to the channel then. */
struct channel;
void client_post(struct client *client, struct channel *channel, struct text *message);

/* Says now what has been posted so far to the clients of this one's loop; by its own thread. */
void client_deliver(struct client *client);

/* What has been said is sent, then the connection is closed; what else has been read is not run. */
void client_close_after(struct client *client);

/* The client's answer to the command that runs is what answer(arg) gives: a whole reply, written as it is, or NULL without
 * memory, and then the client is closed.  It runs on a thread of libuv's pool, so that the loop's other clients need not
 * wait; what this client has sent meanwhile does, so that replies keep their order.  `arg`, a reference or NULL, is
 * consumed. */
void client_answer_later(struct client *client, struct text *(*answer)(void *arg), void *arg);

uint64_t client_id(const struct client *client);

/* What the client has subscribed to: a strong field of it, for its own thread; NULL: nothing. */
struct subscription **client_subscriptions(struct client *client);

/* --- Commands: commands.c has the table; what a command does stands in commands-*.c. */
typedef void command_fn(struct client *client, const struct word *words, size_t count);

struct command {
	const char *name; /* upper case; a part's is CLIENT|ID */
	int arity;        /* words, the name included; at least so many if negative */
	command_fn *run;
	bool subscribed;  /* is accepted from a client that has subscribed to something */
	bool grows;       /* may need memory, and is refused when the limit has been reached */

	/* Whose names the second word gives, up to one without a name; NULL: there are none. */
	const struct command *parts;
};
extern const struct command text_commands[], key_commands[], list_commands[], hash_commands[], channel_commands[],
	server_commands[], leash_commands[]; /* each ends with an entry without a name */

/* Finds and runs the command; answers an error if there is none or it has the wrong number of words. */
void command_run(struct client *client, const struct request *request);

#endif
