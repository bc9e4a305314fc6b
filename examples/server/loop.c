/* Event loops: one a thread, each with a listening socket of its own.
 *
 * The kernel gives a new connection to one of the sockets that share a port (SO_REUSEPORT); with that loop it stays.
 *
 * Messages to clients of other loops.  They wait in a list of the loop that they are for, which is woken when the first
 * one enters it.  A loop that ends says so under the list's lock before it closes the handle it is woken by.  Who has been told that
 * it is no longer subscribed hears nothing more, unless it has subscribed again: whether it is, is seen when the message is
 * delivered, by its own thread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
#include "connection.h"
#include "keys.h"
#include "memory.h"
#include "server.h"

#define BACKLOG 511
#define TICK    50 /* milliseconds */

static struct loop *loops;
static int loops_made;
static bool stopping;

/* --- Messages. */

#define LIMIT ((size_t)64 << 20) /* what is owed to a subscriber who does not read */

struct post {
	struct post *next;
	struct client *client;
	struct channel *channel;
	struct text *text;
};

static void free_post(struct post *post)
{
	leash_release(post->client);
	leash_release(post->channel);
	leash_release(post->text);
	free(post);
}

void client_post(struct client *client, struct channel *channel, struct text *message)
{
	struct loop *loop = client->loop;
	struct post *post = malloc(sizeof(*post));

	if (!post)
		return;
	*post = (struct post){ NULL, leash_retain(client), leash_retain(channel), leash_retain(message) };
	pthread_mutex_lock(&loop->lock);
	if (loop->open) {
		if (!loop->posts)
			uv_async_send(&loop->wake);
		*loop->last = post;
		loop->last = &post->next;
		post = NULL;
	}
	pthread_mutex_unlock(&loop->lock);
	if (post)
		free_post(post);
}

static struct post *take_posts(struct loop *loop)
{
	struct post *posts;

	pthread_mutex_lock(&loop->lock);
	posts = loop->posts;
	loop->posts = NULL;
	loop->last = &loop->posts;
	pthread_mutex_unlock(&loop->lock);
	return posts;
}

/* Says all first, and sends then: a client with many messages gets them together. */
static void deliver(struct loop *loop)
{
	struct post *posts = take_posts(loop);

	for (struct post *post = posts; post; post = post->next) {
		struct output *output = &post->client->output;

		if (post->client->closing || !is_subscribed(post->client, post->channel))
			continue;
		if (output->pending > LIMIT)
			output->failed = true;
		else
			output_text(output, post->text);
	}
	while (posts) {
		struct post *post = posts;

		posts = post->next;
		client_flush(post->client);
		free_post(post);
	}
}

void client_deliver(struct client *client)
{
	deliver(client->loop);
}

/* --- Stopping. */

static void wake(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	if (loop->open)
		uv_async_send(&loop->wake);
	pthread_mutex_unlock(&loop->lock);
}

void loops_stop(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
	for (int i = 0; i < loops_made; i++)
		wake(&loops[i]);
}

static void close_all(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->open = false;
	pthread_mutex_unlock(&loop->lock);
	deliver(loop);
	uv_close((uv_handle_t *)&loop->listener, NULL);
	uv_close((uv_handle_t *)&loop->wake, NULL);
	if (loop->number == 0)
		uv_close((uv_handle_t *)&loop->timer, NULL);
	for (struct client *client = loop->clients; client; client = client->next)
		client_close(client);
}

static void woken(uv_async_t *async)
{
	struct loop *loop = async->data;

	deliver(loop);
	if (__atomic_load_n(&stopping, __ATOMIC_ACQUIRE) && loop->open)
		close_all(loop);
}

static void signalled(uv_signal_t *handle, int signal)
{
	(void)handle;
	(void)signal;
	loops_stop();
}

static void tick(uv_timer_t *timer)
{
	(void)timer;
	keys_expire_some();
	memory_look();
}

/* --- Sockets. */

static int bound(bool shared, const struct sockaddr *address, socklen_t length)
{
	int file = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int one = 1;

	if (file >= 0 && setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    (!shared || setsockopt(file, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) == 0) &&
	    bind(file, address, length) == 0 && (shared || listen(file, 1) == 0))
		return file;
	if (file >= 0)
		close(file);
	return -1;
}

static bool find_address(struct sockaddr_storage *address)
{
	return uv_ip4_addr(options.bind, options.port, (struct sockaddr_in *)address) == 0 ||
	       uv_ip6_addr(options.bind, options.port, (struct sockaddr_in6 *)address) == 0;
}

/* A port that another process shares its sockets of would be bound, too, and half of the connections be the other's. */
static bool is_free(const struct sockaddr_storage *address)
{
	int file = bound(false, (const struct sockaddr *)address, sizeof(*address));

	if (file < 0)
		return false;
	close(file);
	return true;
}

/* The port that the kernel has chosen is the others' port, too. */
static void note_port(int file)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(file, (struct sockaddr *)&address, &length) == 0)
		options.port = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port :
								     ((struct sockaddr_in *)&address)->sin_port);
}

static bool open_sockets(void)
{
	struct sockaddr_storage address;

	if (!find_address(&address)) {
		fprintf(stderr, SERVER_NAME ": not an IP address: %s\n", options.bind);
		return false;
	}
	for (int i = 0; i < options.threads; i++) {
		if ((i || !options.port || is_free(&address)) &&
		    (loops[i].socket = bound(true, (struct sockaddr *)&address, sizeof(address))) >= 0) {
			note_port(loops[i].socket);
			find_address(&address);
			continue;
		}
		fprintf(stderr, SERVER_NAME ": %s, port %d: %m\n", options.bind, options.port);
		return false;
	}
	return true;
}

/* --- Loops. */

static void connected(uv_stream_t *listener, int error)
{
	if (!error)
		client_accept(listener->data);
}

/* Signals are for the first thread alone, which catches them, or blocks them, to the very end: a second one does not interrupt what
 * the first has begun. */
static void mask_signals(int how)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGTERM);
	sigaddset(&both, SIGINT);
	pthread_sigmask(how, &both, NULL);
}

static void nothing(uv_work_t *work)
{
	(void)work;
}

/* The loop does not wait for signals.  libuv's pool of threads begins with the first work, and blocks what this thread does. */
static bool first_start(struct loop *loop)
{
	static uv_work_t work;

	if (uv_queue_work(&loop->uv, &work, nothing, NULL) != 0)
		return false;
	if (uv_timer_init(&loop->uv, &loop->timer) != 0 || uv_timer_start(&loop->timer, tick, TICK, TICK) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		if (uv_signal_init(&loop->uv, &loop->signals[i]) != 0 ||
		    uv_signal_start(&loop->signals[i], signalled, i ? SIGINT : SIGTERM) != 0)
			return false;
		uv_unref((uv_handle_t *)&loop->signals[i]);
	}
	return true;
}

/* The listener's handle owns the socket from here on. */
static bool listen_on(struct loop *loop)
{
	if (uv_tcp_init(&loop->uv, &loop->listener) != 0 || uv_tcp_open(&loop->listener, loop->socket) != 0)
		return false;
	loop->socket = -1;
	return uv_listen((uv_stream_t *)&loop->listener, BACKLOG, connected) == 0;
}

/* Once it counts as made, loop_free() gives back what there is of it. */
static bool loop_start(struct loop *loop, int number)
{
	loop->number = number;
	loop->last = &loop->posts;
	loop->open = true;
	loop->listener.data = loop->wake.data = loop;
	if (uv_loop_init(&loop->uv) != 0)
		return false;
	pthread_mutex_init(&loop->lock, NULL);
	loops_made++;
	return uv_async_init(&loop->uv, &loop->wake, woken) == 0 && listen_on(loop) && (number || first_start(loop));
}

bool loops_start(void)
{
	mask_signals(SIG_BLOCK);
	loops = calloc((size_t)options.threads, sizeof(*loops));
	if (!loops) {
		fprintf(stderr, SERVER_NAME ": no memory for %d threads\n", options.threads);
		return false;
	}
	for (int i = 0; i < options.threads; i++)
		loops[i].socket = -1;
	if (!open_sockets())
		return false;
	for (int i = 0; i < options.threads; i++) {
		if (!loop_start(&loops[i], i)) {
			fprintf(stderr, SERVER_NAME ": an event loop cannot be made: %m\n");
			return false;
		}
	}
	return true;
}

static void *run(void *arg)
{
	struct loop *loop = arg;

	uv_run(&loop->uv, UV_RUN_DEFAULT);
	return NULL;
}

void loops_run(void)
{
	int started = 1;

	while (started < loops_made && pthread_create(&loops[started].thread, NULL, run, &loops[started]) == 0)
		started++;
	if (started < loops_made) {
		fprintf(stderr, SERVER_NAME ": only %d threads could be started\n", started);
		loops_stop();
	}
	mask_signals(SIG_UNBLOCK);
	run(&loops[0]);
	while (--started > 0)
		pthread_join(loops[started].thread, NULL);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* What is still open: the signals, and all of a loop that has not run. */
static void loop_free(struct loop *loop)
{
	uv_walk(&loop->uv, close_handle, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	uv_loop_close(&loop->uv);
	pthread_mutex_destroy(&loop->lock);
}

void loops_free(void)
{
	mask_signals(SIG_BLOCK);
	for (int i = 0; i < loops_made; i++)
		loop_free(&loops[i]);
	for (int i = 0; loops && i < options.threads; i++) {
		if (loops[i].socket >= 0)
			close(loops[i].socket);
	}
	free(loops);
	/* Ends the threads that have made answers: what they keep of dead objects goes when they end. */
	uv_library_shutdown();
}

uint64_t loops_commands(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < loops_made; i++)
		sum += __atomic_load_n(&loops[i].commands, __ATOMIC_RELAXED);
	return sum;
}
