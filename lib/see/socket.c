/* LEASH_OPTIONS=socket:PATH: statistics on a Unix socket.
 *
 * Whoever connects sends one line with a word, gets the answer, and is hung up on:
 *
 *     echo prometheus | nc -U /tmp/leash.1234
 *
 * A thread of the library serves them one after the other.  Each has a second for all of it, so that one that is silent, or
 * does not read, holds up the others for no longer; and nothing that a client does reaches the program.
 *
 * The file is only for its owner (mode 0600), from the first moment: Linux gives it the mode of the socket that is bound to
 * it.  One that is there already is replaced if it is a socket on which nobody listens, such as a process that was killed
 * leaves behind.  It goes at leash_shutdown() and at the end of the process; unless another file has taken its place
 * meanwhile.
 *
 * The child of a fork has copies of the parent's descriptors.  It closes them, or its parent's clients would wait for it, and
 * leaves the file alone; it has no socket of its own.
 *
 * Limits: a client that connects while others take all of their second waits for each of them.  Of two processes that replace
 * the same file at the same moment one may be left without.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <leash/see.h>

#include "../fault.h"
#include "../options.h"
#include "../worker.h"
#include "socket.h"

#define PATIENCE 1000000000L /* nanoseconds for one client */
#define BACKLOG  16          /* clients that wait for their turn */
#define WORD_MAX 64

/* What is understood: a word, and who answers. */
static const struct word {
	const char *name;
	int (*print)(FILE *stream, leash_format format);
	leash_format format;
} words[] = {
	{ "text", leash_stats_print, LEASH_TEXT },
	{ "json", leash_stats_print, LEASH_JSON },
	{ "prometheus", leash_stats_print, LEASH_PROMETHEUS },
	{ "advice", leash_advice_print, LEASH_TEXT },
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static void body(void);
static struct lsh_worker worker = LSH_WORKER_INIT("leash-socket", body);

/* Under the worker's lock; -1: closed. */
static int listening = -1, client = -1, stop = -1;
static struct {
	char path[PATH_MAX];
	pid_t process; /* whose it is; 0: nobody's */
	dev_t device;
	ino_t inode;
} file;

static void close_locked(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

/* Waits until the descriptor is ready; false when it is too late, or the thread is to end. */
static bool is_ready(int descriptor, short events, const struct timespec *deadline)
{
	struct pollfd fds[2] = { { .fd = descriptor, .events = events }, { .fd = stop, .events = POLLIN } };
	int found;

	do {
		int timeout = -1;

		if (deadline) {
			struct timespec now;

			clock_gettime(CLOCK_MONOTONIC, &now);
			timeout = (int)((deadline->tv_sec - now.tv_sec) * 1000 +
					(deadline->tv_nsec - now.tv_nsec) / 1000000);
			if (timeout <= 0)
				return false;
		}
		found = poll(fds, 2, timeout);
	} while (found == 0 || (found < 0 && errno == EINTR));
	return found > 0 && !fds[1].revents;
}

/* One line, without its end; false if none came. */
static bool receive(int from, char line[WORD_MAX], const struct timespec *deadline)
{
	size_t length = 0;

	while (length < WORD_MAX - 1 && is_ready(from, POLLIN, deadline)) {
		ssize_t got = recv(from, line + length, WORD_MAX - 1 - length, MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0)
			return false;
		length += (size_t)got;
		line[length] = 0;
		/* A client that says no more has said it all. */
		if (got == 0 || memchr(line, '\n', length)) {
			line[strcspn(line, "\r\n")] = 0;
			return length > 0;
		}
	}
	/* A line too long is no word. */
	return length == WORD_MAX - 1;
}

static void answer_all(int to, const char *answer, size_t length, const struct timespec *deadline)
{
	while (length && is_ready(to, POLLOUT, deadline)) {
		ssize_t sent = send(to, answer, length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (sent > 0) {
			answer += sent;
			length -= (size_t)sent;
		}
	}
}

static void print_answer(FILE *stream, const char *asked)
{
	size_t i;

	for (i = 0; i < WORDS; i++) {
		if (strcmp(asked, words[i].name) == 0) {
			words[i].print(stream, words[i].format);
			return;
		}
	}
	fputs("accepted are", stream);
	for (i = 0; i < WORDS; i++)
		fprintf(stream, "%s %s", i ? "," : "", words[i].name);
	fputs("\n", stream);
}

static void serve(int to)
{
	struct timespec deadline = lsh_from_now(PATIENCE);
	char line[WORD_MAX] = "", *answer = NULL;
	size_t length = 0;
	FILE *stream;

	if (!receive(to, line, &deadline))
		return;
	stream = open_memstream(&answer, &length);
	if (!stream)
		return;
	print_answer(stream, line);
	if (fclose(stream) == 0)
		answer_all(to, answer, length, &deadline);
	free(answer);
}

static void body(void)
{
	while (is_ready(listening, POLLIN, NULL)) {
		bool failed;

		lsh_lock(&worker.lock);
		client = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		failed = client < 0 && errno != EAGAIN;
		lsh_unlock(&worker.lock);
		if (client >= 0)
			serve(client);
		else if (failed)
			lsh_worker_doze(&worker, PATIENCE / 10); /* no descriptors, perhaps */
		lsh_lock(&worker.lock);
		close_locked(&client);
		lsh_unlock(&worker.lock);
	}
}

static bool connect_to(int descriptor, const struct sockaddr_un *address)
{
	return connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

/* Whether a file of that name is a socket on which nobody listens. */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat there;
	bool stale;
	int probe;

	if (lstat(address->sun_path, &there) || !S_ISSOCK(there.st_mode))
		return false;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return false;
	stale = !connect_to(probe, address) && errno == ECONNREFUSED;
	close(probe);
	return stale;
}

static bool bind_to(int descriptor, const struct sockaddr_un *address)
{
	return bind(descriptor, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

/* Removes the file, if it is ours still. */
static void remove_file(void)
{
	struct stat there;

	if (file.process == getpid() && lstat(file.path, &there) == 0 && there.st_dev == file.device &&
	    there.st_ino == file.inode)
		unlink(file.path);
	file.process = 0;
}

static void note_file(const char *path)
{
	struct stat there;

	/* The program may change its working directory. */
	if (!realpath(path, file.path) || lstat(file.path, &there))
		return;
	file.process = getpid();
	file.device = there.st_dev;
	file.inode = there.st_ino;
}

static bool listen_at(int descriptor, const struct sockaddr_un *address)
{
	if (fchmod(descriptor, 0600))
		return false;
	if (!bind_to(descriptor, address)) {
		if (errno != EADDRINUSE)
			return false;
		if (!is_stale(address)) {
			errno = EADDRINUSE;
			return false;
		}
		if (unlink(address->sun_path) || !bind_to(descriptor, address))
			return false;
	}
	note_file(address->sun_path);
	return listen(descriptor, BACKLOG) == 0;
}

static bool open_locked(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stop < 0 || listening < 0 || !listen_at(listening, &address))
		return false;
	lsh_worker_wake_locked(&worker);
	return worker.running;
}

static void at_exit(void)
{
	lsh_lock(&worker.lock);
	remove_file();
	lsh_unlock(&worker.lock);
}

static void close_all_locked(void)
{
	close_locked(&client);
	close_locked(&listening);
	close_locked(&stop);
}

void lsh_socket_start(void)
{
	const char *path = lsh_options()->socket;

	if (!*path)
		return;
	lsh_lock(&worker.lock);
	if (!open_locked(path)) {
		lsh_say("LEASH_OPTIONS: no socket at \"%s\": %s", path, strerror(errno));
		remove_file();
		close_all_locked();
	}
	lsh_unlock(&worker.lock);
	atexit(at_exit);
}

void lsh_socket_stop(void)
{
	bool running;

	lsh_lock(&worker.lock);
	running = worker.running;
	remove_file();
	if (running && eventfd_write(stop, 1))
		running = false;
	lsh_unlock(&worker.lock);
	if (!running)
		return;
	lsh_worker_stop(&worker);
	lsh_lock(&worker.lock);
	close_all_locked();
	lsh_unlock(&worker.lock);
}

void lsh_socket_lock(void)
{
	pthread_mutex_lock(&worker.lock.mutex);
}

void lsh_socket_unlock(void)
{
	pthread_mutex_unlock(&worker.lock.mutex);
}

void lsh_socket_after_fork(void)
{
	close_all_locked();
	lsh_worker_after_fork(&worker);
}
