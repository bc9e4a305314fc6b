/* What a client consists of: for those who read from it and write to it, and who list clients. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <uv.h>
#include "client.h"
#include "loop.h"
#include "output.h"

/* A user's session: what several connections of one name have in common. */
struct session {
	uint64_t commands; /* atomic */
	size_t length;
	char name[];
};

/* A managed object.  Its loop holds it until the handle inside has been closed, so that libuv never sees it die. */
struct client {
	/* Known to all threads. */
	uint64_t id;
	int64_t since;              /* milliseconds since the epoch */
	int64_t last;               /* when it ran a command; atomic */
	const struct command *what; /* which; atomic */
	size_t channels;            /* it has subscribed to; atomic */
	leash_slot session;         /* which it has joined */
	char address[64];
	int file;

	/* Its own thread's. */
	struct subscription *subscriptions;
	struct loop *loop;
	struct client *next, **here; /* among the loop's */
	uv_tcp_t tcp;
	uv_write_t write;
	size_t in_flight;            /* bytes that libuv is writing */
	struct output output;
	struct parser parser;
	char *input;                 /* what has arrived and is not done, NULL: nothing */
	size_t length, room;
	bool paused;                 /* nothing is read or run before what has been said is sent */
	bool waiting;                /* for an answer from another thread; as paused */
	bool last_words;             /* closed when that has been sent */
	bool closing;
};

/* Accepts one from the loop's listener. */
void client_accept(struct loop *loop);

/* Ends the connection now. */
void client_close(struct client *client);

/* Sends what there is to send, as far as the client takes it. */
void client_flush(struct client *client);

/* All clients, weakly. */
extern leash_weak_set *clients;
bool clients_start(void);
void clients_stop(void);

bool sessions_start(void);
void sessions_stop(void);
size_t sessions_number(void);

/* The session of that name, which all who ask for it share: a reference, NULL without memory. */
struct session *session_of(const char *name, size_t length);

#endif
