/* leash-server: an in-memory data server that clients of Redis can talk to.
 *
 * Where things are: loop.c accepts connections, client.c reads, runs and writes; parse.c understands requests, commands.c
 * finds who runs them, commands-*.c do; reply.c says what came of it, output.c keeps it until it is sent; keys.c is the
 * keyspace, text.c, list.c and hash.c what is in it, memory.c its limit; channel.c carries messages to those who have asked
 * for them (subscriptions.c); session.c is what connections of one name share.  Connections, values, channels, subscriptions
 * and sessions are managed objects of leash; or, in leash-server-naive, of what stands in naive/ in its place (counted.h).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "channel.h"
#include "commands.h"
#include "connection.h"
#include "keys.h"
#include "server.h"

#define MOST_THREADS 256
#define SPARE_FILES  64 /* that are not clients */

struct options options = {
	.port = 6379,
	.bind = "127.0.0.1",
	.threads = 2,
	.maxrequest = 64 << 20,
	.maxclients = 10000,
};
int64_t server_started;
long server_clients;

static void usage(FILE *stream)
{
	fprintf(stream, "usage: " SERVER_NAME " [OPTION...]\n"
			"\n"
			"  --port N            the TCP port; 0: any that is free (6379)\n"
			"  --bind ADDRESS      the address it listens on (127.0.0.1)\n"
			"  --threads N         event loops (2)\n"
			"  --maxmemory BYTES   what it may use before it evicts; 0: no limit (0)\n"
			"  --maxrequest BYTES  the largest request (64m)\n"
			"  --maxclients N      connections at once (10000)\n"
			"  --help              prints this\n"
			"\n"
			"BYTES may end with k, m or g.\n");
}

static _Noreturn void refuse(const char *name, const char *text, const char *wanted)
{
	fprintf(stderr, SERVER_NAME ": --%s: %s is not %s\n", name, text, wanted);
	exit(2);
}

static long read_number(const char *name, const char *text, long least, long most)
{
	char wanted[64], *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (end != text && !*end && !errno && number >= least && number <= most)
		return number;
	snprintf(wanted, sizeof(wanted), "a number from %ld to %ld", least, most);
	refuse(name, text, wanted);
}

static size_t read_bytes(const char *name, const char *text)
{
	static const char suffixes[] = "kmg";
	unsigned long long number;
	const char *suffix = "";
	char *end;
	int shift = 0;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end && (suffix = strchr(suffixes, *end | 0x20)))
		shift = 10 * (int)(suffix - suffixes + 1);
	if (end == text || *text == '-' || errno || !suffix || (*end && end[1]) || number > SIZE_MAX >> 1 >> shift)
		refuse(name, text, "a number of bytes, such as 1000000, 1000k, 100m or 1g");
	return (size_t)number << shift;
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", required_argument, NULL, 'p' },       { "bind", required_argument, NULL, 'b' },
		{ "threads", required_argument, NULL, 't' },    { "maxmemory", required_argument, NULL, 'm' },
		{ "maxrequest", required_argument, NULL, 'r' }, { "maxclients", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },             { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'p':
			options.port = (int)read_number("port", optarg, 0, 65535);
			break;
		case 'b':
			options.bind = optarg;
			break;
		case 't':
			options.threads = (int)read_number("threads", optarg, 1, MOST_THREADS);
			break;
		case 'm':
			options.maxmemory = read_bytes("maxmemory", optarg);
			break;
		case 'r':
			options.maxrequest = read_bytes("maxrequest", optarg);
			break;
		case 'c':
			options.maxclients = read_number("maxclients", optarg, 1, 1000000);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, SERVER_NAME ": %s: there are only options\n", argv[optind]);
		exit(2);
	}
}

/* Each client needs a file. */
static void allow_files(void)
{
	rlim_t wanted = (rlim_t)options.maxclients + SPARE_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		options.maxclients = limit.rlim_cur > SPARE_FILES ? (long)limit.rlim_cur - SPARE_FILES : 1;
		fprintf(stderr, SERVER_NAME ": files are limited: no more than %ld clients\n", options.maxclients);
	}
}

static bool start(void)
{
	if (!keys_start() || !clients_start() || !sessions_start() || !channels_start()) {
		fprintf(stderr, SERVER_NAME ": no memory\n");
		return false;
	}
	commands_start();
	return loops_start();
}

/* Everything is given back, so that whatever is left is a leak. */
static bool stop(void)
{
	long left;

	loops_free();
	channels_stop();
	sessions_stop();
	clients_stop();
	keys_stop();
	left = leash_shutdown();
	if (left == -ENOSYS) /* the counting cannot tell */
		return true;
	if (left)
		fprintf(stderr, SERVER_NAME ": %ld objects are left\n", left);
	return left == 0;
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	allow_files();
	signal(SIGPIPE, SIG_IGN);
	server_started = clock_now();
	if (!start()) {
		stop();
		return 1;
	}
	printf(SERVER_NAME ": ready on %s:%d, %d thread%s\n", options.bind, options.port, options.threads,
	       options.threads > 1 ? "s" : "");
	fflush(stdout);
	loops_run();
	return stop() ? 0 : 1;
}
