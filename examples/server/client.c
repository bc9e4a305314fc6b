/* Connections: reading, running what has been read, writing.
 *
 * A client is a managed object with libuv's handle inside.  Its loop holds a reference until libuv has closed the handle;
 * others may hold it for longer, and then find it closed.  That it is gone nobody has to be told: who knows it knows it
 * weakly.
 *
 * Reading.  What arrives is read into the loop's buffer, and complete requests are run from there.  Only what is left then,
 * the beginning of a request, is copied to a buffer of the client's, which grows with the request and goes with
 * it: idle clients have none.
 *
 * Writing.  What the requests of one read have to say is sent at once, as far as the socket takes it; the rest goes with
 * libuv as the client reads.  A client with more than PAUSE bytes to read is not read from, and what it has sent already
 * is not run, before it has caught up.  (A subscriber who does not read is closed: loop.c.)
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "keys.h"
#include "server.h"

#define PAUSE  ((size_t)1 << 20)
#define PIECES 64   /* written at once */
#define WORDS  64   /* that the parser of an idle client has room for */
#define FIRST  4096 /* bytes of a client's own buffer */

leash_weak_set *clients;

/* Prompt: who has gone is no channel's subscriber from the moment at which its last reference goes, also if a thread that gave
 * it messages would else defer that. */
static const leash_type client_type = {
	.name = "client",
	.size = sizeof(struct client),
	.flags = LEASH_WEAKABLE | LEASH_PROMPT,
	LEASH_FIELDS(struct client, session, subscriptions),
};

bool clients_start(void)
{
	clients = leash_weak_set_new();
	return clients != NULL;
}

void clients_stop(void)
{
	leash_release(clients);
	clients = NULL;
}

uint64_t client_id(const struct client *client)
{
	return client->id;
}

struct subscription **client_subscriptions(struct client *client)
{
	return &client->subscriptions;
}

/* --- The end. */

static void closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	*client->here = client->next;
	if (client->next)
		client->next->here = client->here;
	output_free(&client->output);
	parser_free(&client->parser);
	free(client->input);
	client->input = NULL;
	leash_clear(&client->subscriptions);
	leash_slot_clear(&client->session);
	__atomic_fetch_sub(&server_clients, 1, __ATOMIC_RELAXED);
	leash_release(client);
}

void client_close(struct client *client)
{
	if (client->closing)
		return;
	client->closing = true;
	leash_weak_set_remove(clients, client);
	uv_close((uv_handle_t *)&client->tcp, closed);
}

void client_close_after(struct client *client)
{
	client->last_words = true;
}

/* --- Writing. */

static void run_input(struct client *client);
static void read_again(struct client *client);

static void written(uv_write_t *request, int error)
{
	struct client *client = request->data;
	size_t bytes = client->in_flight;

	client->in_flight = 0;
	if (client->closing)
		return;
	if (error) {
		client_close(client);
		return;
	}
	output_sent(&client->output, bytes);
	client_flush(client);
	if (client->paused && !client->closing && !client->output.pending) {
		client->paused = false;
		run_input(client);
	}
}

/* The rest, when the socket takes no more. */
static void write_later(struct client *client)
{
	uv_buf_t pieces[PIECES];
	unsigned number = output_pieces(&client->output, pieces, PIECES);

	for (unsigned i = 0; i < number; i++)
		client->in_flight += pieces[i].len;
	client->write.data = client;
	if (uv_write(&client->write, (uv_stream_t *)&client->tcp, pieces, number, written) != 0)
		client_close(client);
}

void client_flush(struct client *client)
{
	struct output *output = &client->output;

	while (!client->closing && !client->in_flight && output->pending) {
		uv_buf_t pieces[PIECES];
		unsigned number = output_pieces(output, pieces, PIECES);
		int sent = uv_try_write((uv_stream_t *)&client->tcp, pieces, number);

		if (sent > 0)
			output_sent(output, (size_t)sent);
		else if (sent == UV_EAGAIN)
			write_later(client);
		else
			client_close(client);
	}
	if (output->failed || (client->last_words && !output->pending))
		client_close(client);
}

/* --- Reading. */

/* Runs the requests that have arrived as a whole; how many bytes they were. */
static size_t run_requests(struct client *client, const char *input, size_t length)
{
	size_t done = 0;

	while (done < length && !client->closing && !client->last_words && !client->waiting) {
		struct request request;
		const char *error;
		size_t used;

		if (client->output.pending > PAUSE) {
			client_flush(client);
			if (client->output.pending > PAUSE) {
				client->paused = true;
				break;
			}
		}
		switch (parse(&client->parser, input + done, length - done, &used, &request, &error)) {
		case PARSED_MORE:
			return done;
		case PARSED_WRONG:
			reply_error(client, "ERR %s", error);
			client_close_after(client);
			return length;
		case PARSED_REQUEST:
			if (request.count)
				command_run(client, &request);
			done += used;
		}
	}
	return done;
}

static void forget_input(struct client *client)
{
	free(client->input);
	client->input = NULL;
	client->length = client->room = 0;
	if (client->parser.room > WORDS) {
		parser_free(&client->parser);
		client->parser.limit = options.maxrequest;
	}
}

/* A large request has gone, a small one has begun behind it. */
static void shrink(struct client *client)
{
	size_t room = client->length < FIRST ? FIRST : client->length;
	char *input;

	if (client->room / 4 <= room || !(input = realloc(client->input, room)))
		return;
	client->input = input;
	client->room = room;
}

static void run_input(struct client *client)
{
	size_t done = run_requests(client, client->input, client->length);

	client->length -= done;
	if (client->length) {
		memmove(client->input, client->input + done, client->length);
		shrink(client);
	} else {
		forget_input(client);
	}
	client_flush(client);
	read_again(client);
}

/* Makes room for so many bytes in the client's own buffer. */
static bool make_room(struct client *client, size_t bytes)
{
	size_t room = client->room ? client->room : FIRST;
	char *input;

	while (room < bytes)
		room *= 2;
	if (room == client->room)
		return true;
	input = realloc(client->input, room);
	if (!input)
		return false;
	client->input = input;
	client->room = room;
	return true;
}

/* Where libuv shall read to.  A buffer without room gives UV_ENOBUFS to has_read(). */
static void find_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct client *client = handle->data;

	(void)suggested;
	if (!client->length)
		*buffer = uv_buf_init(client->loop->input, sizeof(client->loop->input));
	else if (client->length < client->room || make_room(client, client->room + 1))
		*buffer = uv_buf_init(client->input + client->length, (unsigned)(client->room - client->length));
	else
		*buffer = uv_buf_init(NULL, 0);
}

/* From the loop's buffer, of which the client keeps what is not done. */
static void run_fresh(struct client *client, const char *input, size_t length)
{
	size_t done = run_requests(client, input, length);

	if (done < length && !client->closing) {
		if (!make_room(client, length - done)) {
			client_close(client);
			return;
		}
		memcpy(client->input, input + done, length - done);
		client->length = length - done;
	}
	client_flush(client);
	read_again(client);
}

static void has_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct client *client = stream->data;

	if (length < 0) {
		client_close(client);
	} else if (length && buffer->base == client->loop->input) {
		run_fresh(client, buffer->base, (size_t)length);
	} else if (length) {
		client->length += (size_t)length;
		run_input(client);
	}
}

static void read_again(struct client *client)
{
	if (client->closing)
		return;
	if (client->paused || client->waiting || client->last_words)
		uv_read_stop((uv_stream_t *)&client->tcp);
	else
		uv_read_start((uv_stream_t *)&client->tcp, find_room, has_read);
}

/* --- Answers that take a while. */

struct later {
	uv_work_t work;
	struct client *client; /* a reference */
	struct text *(*answer)(void *arg);
	void *arg;
	struct text *text;
};

static void think(uv_work_t *work)
{
	struct later *later = work->data;

	later->text = later->answer(later->arg);
	leash_release(later->arg);
}

static void answered(uv_work_t *work, int error)
{
	struct later *later = work->data;
	struct client *client = later->client;

	client->waiting = false;
	if (error || !later->text)
		client->output.failed = true;
	else
		output_text(&client->output, later->text);
	if (!client->closing)
		run_input(client);
	else
		output_free(&client->output);
	leash_release(later->text);
	leash_release(client);
	free(later);
}

void client_answer_later(struct client *client, struct text *(*answer)(void *arg), void *arg)
{
	struct later *later = malloc(sizeof(*later));

	if (later) {
		*later = (struct later){ .client = leash_retain(client), .answer = answer, .arg = arg };
		later->work.data = later;
		client->waiting = true;
		if (uv_queue_work(&client->loop->uv, &later->work, think, answered) == 0)
			return;
		leash_release(client);
		free(later);
	}
	leash_release(arg);
	client->output.failed = true;
}

/* --- The beginning. */

static void note_address(struct client *client)
{
	struct sockaddr_storage peer;
	int length = sizeof(peer);
	char host[INET6_ADDRSTRLEN] = "?";
	int port = 0;

	if (uv_tcp_getpeername(&client->tcp, (struct sockaddr *)&peer, &length) == 0) {
		const struct sockaddr_in *four = (const struct sockaddr_in *)&peer;
		const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&peer;

		if (peer.ss_family == AF_INET6) {
			uv_ip6_name(six, host, sizeof(host));
			port = ntohs(six->sin6_port);
		} else {
			uv_ip4_name(four, host, sizeof(host));
			port = ntohs(four->sin_port);
		}
	}
	snprintf(client->address, sizeof(client->address), "%s:%d", host, port);
	uv_fileno((uv_handle_t *)&client->tcp, &client->file);
}

/* The loop's reference is the one that leash_new() gave. */
static void enter(struct loop *loop, struct client *client)
{
	static uint64_t last_id;

	client->loop = loop;
	client->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	client->since = client->last = clock_now();
	client->parser.limit = options.maxrequest;
	client->tcp.data = client;
	client->next = loop->clients;
	if (client->next)
		client->next->here = &client->next;
	client->here = &loop->clients;
	loop->clients = client;
}

void client_accept(struct loop *loop)
{
	struct client *client = leash_new(&client_type);
	bool too_many;

	/* Without memory the connection waits; libuv asks again with the next one. */
	if (!client || uv_tcp_init(&loop->uv, &client->tcp) != 0) {
		leash_release(client);
		return;
	}
	enter(loop, client);
	too_many = __atomic_fetch_add(&server_clients, 1, __ATOMIC_RELAXED) >= options.maxclients;
	if (uv_accept((uv_stream_t *)&loop->listener, (uv_stream_t *)&client->tcp) != 0) {
		client_close(client);
		return;
	}
	uv_tcp_nodelay(&client->tcp, 1);
	note_address(client);
	if (too_many) {
		reply_error(client, "ERR max number of clients reached");
		client_close_after(client);
		client_flush(client);
	} else if (leash_weak_set_add(clients, client) != 0) {
		client_close(client);
	} else {
		read_again(client);
	}
}
