/* A client that asks at fixed times, whatever the server does.
 *
 *     server-load PORT KIND RATE SECONDS CONNECTIONS
 *
 * Item number i is due i / RATE seconds after the start, on connection i modulo CONNECTIONS, and is sent then even if those before
 * it have not been answered.  Its latency counts from when it was due: a client that waits for each answer before it asks again
 * would hide what a slow answer costs all who would have asked meanwhile (Gil Tene calls that coordinated omission).
 *
 * KIND says what an item is:
 *
 *     ask      a GET or a SET, by turns
 *     cycles   RING hashes, linked to a ring, and then all their names deleted: the ring is garbage that counting cannot see
 *     chains   the same commands, except that the last link leads elsewhere: they die with their names
 *
 * SIGTERM ends it before its time, when what has been sent is answered.
 *
 * For each item it prints when it was due (seconds of the monotonic clock), how late it was sent, and its latency (microseconds).
 * Since items of a connection are answered in their order, nothing needs to be kept of one but its number.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "clock.h"

#define RING     10
#define KEYS     1000
#define VALUE    "sixty-four bytes, as long as a small object of JSON may well be: "
#define PATIENCE 20000 /* milliseconds without an answer */

struct item {
	double late, latency; /* nanoseconds */
};

static struct item *items;
static long total, sent, answered;
static double start, gap; /* nanoseconds */
static volatile sig_atomic_t stopped;

static struct connection {
	redisContext *context;
	long item;   /* that is answered next */
	int replies; /* that have come for it */
	bool unsent; /* there are bytes to be written */
} *connections;
static long connections_number;
static struct pollfd *polls;

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("server-load: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* --- What an item is. */

static void append_ask(redisContext *context, long number)
{
	unsigned key = (unsigned)number * 2654435761u % KEYS;

	if (number / connections_number % 2)
		redisAppendCommand(context, "GET asked:%u", key);
	else
		redisAppendCommand(context, "SET asked:%u %s", key, VALUE);
}

/* Each name leads to the one before it, and the first to that one. */
static void append_linked(redisContext *context, const char *last)
{
	redisAppendCommand(context, "HSET value:0 name first");
	for (int i = 1; i < RING; i++)
		redisAppendCommand(context, "LINK value:%d next value:%d", i, i - 1);
	redisAppendCommand(context, "LINK value:0 next %s", last);
	redisAppendCommand(context, "DEL value:0 value:1 value:2 value:3 value:4 value:5 value:6 value:7 value:8 value:9");
}

static void append_cycle(redisContext *context, long number)
{
	(void)number;
	append_linked(context, "value:9");
}

static void append_chain(redisContext *context, long number)
{
	(void)number;
	append_linked(context, "end");
}

static const struct kind {
	const char *name;
	void (*append)(redisContext *context, long number);
	int replies;
} kinds[] = {
	{ "ask", append_ask, 1 },
	{ "cycles", append_cycle, RING + 2 },
	{ "chains", append_chain, RING + 2 },
}, *kind;

/* --- Asking. */

static double due(long number)
{
	return start + (double)number * gap;
}

static void write_some(struct connection *connection)
{
	int done = 0;

	if (redisBufferWrite(connection->context, &done) != REDIS_OK)
		fail("cannot write: %s", connection->context->errstr);
	connection->unsent = !done;
}

static void send_due(void)
{
	long first = sent;
	double now = wall_ns();

	for (; sent < total && due(sent) <= now; sent++) {
		struct connection *connection = &connections[sent % connections_number];

		kind->append(connection->context, sent);
		connection->unsent = true;
		items[sent].late = now - due(sent);
	}
	for (; first < sent; first++) {
		struct connection *connection = &connections[first % connections_number];

		if (connection->unsent)
			write_some(connection);
	}
}

static void note_reply(struct connection *connection, const redisReply *reply, double now)
{
	if (reply->type == REDIS_REPLY_ERROR)
		fail("%s", reply->str);
	if (++connection->replies < kind->replies)
		return;
	items[connection->item].latency = now - due(connection->item);
	connection->item += connections_number;
	connection->replies = 0;
	answered++;
}

static void read_some(struct connection *connection)
{
	double now;
	void *reply;

	if (redisBufferRead(connection->context) != REDIS_OK)
		fail("cannot read: %s", connection->context->errstr);
	now = wall_ns();
	while (redisReaderGetReply(connection->context->reader, &reply) == REDIS_OK && reply) {
		note_reply(connection, reply, now);
		freeReplyObject(reply);
	}
}

/* Until something can be read, or written that could not be, or the next item is due. */
static void wait_for_some(void)
{
	struct timespec limit = { PATIENCE / 1000, 0 };

	if (sent < total) {
		double left = due(sent) - wall_ns();

		limit = (struct timespec){ (time_t)(left / 1e9), left > 0 ? (long)left % 1000000000 : 0 };
	}
	for (long i = 0; i < connections_number; i++)
		polls[i].events = (short)(POLLIN | (connections[i].unsent ? POLLOUT : 0));
	switch (ppoll(polls, (nfds_t)connections_number, &limit, NULL)) {
	case -1:
		if (errno != EINTR)
			fail("cannot wait: %s", strerror(errno));
		break;
	case 0:
		if (sent == total)
			fail("no answer for %d milliseconds", PATIENCE);
		break;
	}
}

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void ask_all(void)
{
	start = wall_ns();
	while (answered < total) {
		send_due();
		wait_for_some();
		for (long i = 0; i < connections_number; i++) {
			if (polls[i].revents & POLLOUT)
				write_some(&connections[i]);
			if (polls[i].revents & ~POLLOUT)
				read_some(&connections[i]);
		}
		if (stopped)
			total = sent;
	}
}

/* --- The beginning and the end. */

static void connect_all(int port)
{
	for (long i = 0; i < connections_number; i++) {
		redisContext *context = redisConnectNonBlock("127.0.0.1", port);

		if (!context || context->err)
			fail("no connection: %s", context ? context->errstr : "no memory");
		connections[i] = (struct connection){ .context = context, .item = i };
		polls[i].fd = context->fd;
	}
}

/* What chains end with. */
static void prepare(int port)
{
	redisContext *context = redisConnect("127.0.0.1", port);
	redisReply *reply;

	if (!context || context->err)
		fail("no connection: %s", context ? context->errstr : "no memory");
	reply = redisCommand(context, "HSET end name last");
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		fail("%s", reply ? reply->str : context->errstr);
	freeReplyObject(reply);
	redisFree(context);
}

static void print(void)
{
	for (long i = 0; i < total; i++)
		printf("%.6f %.1f %.1f\n", due(i) / 1e9, items[i].late / 1e3, items[i].latency / 1e3);
}

static double number_of(const char *text, double least)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end || !(number >= least && number <= 1e9))
		fail("%s is not a number of at least %g", text, least);
	return number;
}

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	}
	fail("%s is not ask, cycles or chains", name);
}

int main(int argc, char **argv)
{
	int port;
	double rate;

	if (argc != 6)
		fail("usage: server-load PORT ask|cycles|chains RATE SECONDS CONNECTIONS");
	port = (int)number_of(argv[1], 1);
	kind = kind_of(argv[2]);
	rate = number_of(argv[3], 1e-3);
	total = (long)(rate * number_of(argv[4], 1e-3));
	connections_number = (long)number_of(argv[5], 1);
	gap = 1e9 / rate;
	items = calloc((size_t)total + 1, sizeof(*items));
	connections = calloc((size_t)connections_number, sizeof(*connections));
	polls = calloc((size_t)connections_number, sizeof(*polls));
	if (!items || !connections || !polls)
		fail("no memory");

	signal(SIGTERM, stop);
	prctl(PR_SET_TIMERSLACK, 1UL);
	prepare(port);
	connect_all(port);
	ask_all();
	print();
	return 0;
}
