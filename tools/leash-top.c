/* leash-top: what a program that uses leash does, as it does it.
 *
 * It asks the program's socket (LEASH_OPTIONS=socket:PATH) for its statistics again and again, and shows what has changed
 * in between.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leash/version.h>

#include "sample.h"
#include "screen.h"

#define FIRST_LOOK 0.3 /* seconds, before there are rates to show */
#define HEADING    20  /* lines under one heading */

static double delay = 1;
static long looks = -1; /* to go; negative: for ever */
static bool plain;
static char path[4096];

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list args;

	screen_close();
	fflush(stdout);
	fputs("leash-top: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n", stderr);
	exit(1);
}

/* Numbers as wide as six characters; the texts are good for a few calls. */
static const char *scaled(double number, const char *const units[], double step)
{
	static char texts[32][16];
	static unsigned next;
	char *text = texts[next++ % 32];
	unsigned i = 0;

	for (; number >= 99999.5 && units[i + 1]; i++)
		number /= step;
	snprintf(text, sizeof(texts[0]), "%.*f%s", number < 9.995 && number != (double)(long)number ? 2 : 0, number, units[i]);
	return text;
}

static const char *count(double number)
{
	static const char *const units[] = { "", "k", "M", "G", "T", NULL };

	return scaled(number, units, 1000);
}

static const char *bytes(double number)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", NULL };

	return scaled(number, units, 1024);
}

/* Bounds are powers of four. */
static const char *duration(long microseconds)
{
	static char texts[8][16];
	static unsigned next;
	char *text = texts[next++ % 8];

	if (microseconds == 0)
		return "-";
	if (microseconds < 0)
		return ">16s";
	if (microseconds < 1000)
		snprintf(text, sizeof(texts[0]), "%ldus", microseconds);
	else if (microseconds < 1000000)
		snprintf(text, sizeof(texts[0]), "%.0fms", (double)microseconds / 1e3);
	else
		snprintf(text, sizeof(texts[0]), "%.0fs", (double)microseconds / 1e6);
	return text;
}

#define OF(name)   count((double)sample_of(now, name))
#define RATE(name) count(sample_rate(now, before, name))

static double deaths(const struct sample *now, const struct sample *before)
{
	return sample_rate(now, before, "deaths_owner") + sample_rate(now, before, "deaths_shared") +
	       sample_rate(now, before, "deaths_deferred") + sample_rate(now, before, "deaths_revoked") +
	       sample_rate(now, before, "deaths_collected");
}

/* Percent of the time. */
static double share(const struct sample *now, const struct sample *before, const char *nanoseconds)
{
	return sample_rate(now, before, nanoseconds) / 1e7;
}

static void show_objects(FILE *out, const struct sample *now, const struct sample *before)
{
	fprintf(out, "objects   %s alive, %s immortal, %s threads\n", OF("alive"), OF("immortal"), OF("threads"));
	fprintf(out, "births/s  %s\n", RATE("births"));
	fprintf(out, "deaths/s  %s: by owner %s, shared %s, deferred %s, revoked %s, collected %s\n",
		count(deaths(now, before)), RATE("deaths_owner"), RATE("deaths_shared"), RATE("deaths_deferred"),
		RATE("deaths_revoked"), RATE("deaths_collected"));
	fprintf(out, "other/s   merges %s, adoptions %s, revocations %s, flushes %s, finalized %s\n", RATE("merges"),
		RATE("adoptions"), RATE("revocations"), RATE("flushes"), RATE("finalized"));
	fprintf(out, "waiting   for revocation %s, finalizers %s, readers %s\n", OF("waiting_revocation"),
		OF("waiting_finalizers"), OF("waiting_retired"));
	fprintf(out, "suspects  logged %s, in generations %s %s %s, frozen %s; husks %s, garbage kept %s\n\n", OF("logged"),
		OF("suspects_0"), OF("suspects_1"), OF("suspects_2"), OF("frozen"), OF("husks"), OF("garbage"));
}

static void show_collector(FILE *out, const struct sample *now, const struct sample *before)
{
	int g;

	fprintf(out, "collector    rounds/s  reclaimed/s    visited/s      rounds  given up    time\n");
	for (g = 0; g < 3; g++) {
		char rounds[32], reclaimed[32], visited[32], given_up[32], time[32];

		snprintf(rounds, sizeof(rounds), "collections_%d", g);
		snprintf(reclaimed, sizeof(reclaimed), "collection_reclaimed_%d", g);
		snprintf(visited, sizeof(visited), "collection_visited_%d", g);
		snprintf(given_up, sizeof(given_up), "collection_given_up_%d", g);
		snprintf(time, sizeof(time), "collection_nanoseconds_%d", g);
		fprintf(out, "generation %d %8s %12s %12s %11s %9s %6.1f%%\n", g, RATE(rounds), RATE(reclaimed), RATE(visited),
			OF(rounds), OF(given_up), share(now, before, time));
	}
	fprintf(out, "rounds    %s/s, half of them within %s, 99%% within %s\n", RATE("round_count"),
		duration(sample_percentile(now, before, "round", 0.5)), duration(sample_percentile(now, before, "round", 0.99)));
	fprintf(out, "waits     %s/s, half of them within %s, 99%% within %s; %.1f%% of a thread's time\n\n", RATE("wait_count"),
		duration(sample_percentile(now, before, "wait", 0.5)), duration(sample_percentile(now, before, "wait", 0.99)),
		share(now, before, "wait_nanoseconds"));
}

static void show_memory(FILE *out, const struct sample *now)
{
#define BYTES(name) bytes((double)sample_of(now, name))
	fprintf(out, "memory    objects %s (free between threads %s, husks %s), collector %s\n", BYTES("block_bytes"),
		BYTES("depot_bytes"), BYTES("husk_bytes"), BYTES("collector_bytes"));
	if (sample_has(now, "allocator_bytes_allocated"))
		fprintf(out, "process   allocated %s, active %s, resident %s, mapped %s\n", BYTES("allocator_bytes_allocated"),
			BYTES("allocator_bytes_active"), BYTES("allocator_bytes_resident"), BYTES("allocator_bytes_mapped"));
}

static void show_screen(const struct sample *now, const struct sample *before)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		fail("no memory");
	fprintf(out, "leash-top  %s  every %g s, q ends\n\n", path, delay);
	show_objects(out, now, before);
	show_collector(out, now, before);
	show_memory(out, now);
	if (fclose(out))
		fail("no memory");
	screen_show(text);
	free(text);
}

static void show_line(const struct sample *now, const struct sample *before)
{
	static unsigned lines;

	if (lines++ % HEADING == 0)
		printf("    births/s     deaths/s  collected/s        alive  waiting   rounds/s  waits/s  99%% within       bytes\n");
	printf("%12s %12s %12s %12s %8s %10s %8s %11s %11s\n", RATE("births"), count(deaths(now, before)),
	       RATE("deaths_collected"), OF("alive"), count((double)sample_sum(now, "waiting_")), RATE("round_count"),
	       RATE("wait_count"), duration(sample_percentile(now, before, "wait", 0.99)),
	       bytes((double)sample_of(now, "block_bytes")));
	if (fflush(stdout))
		exit(1);
}

static _Noreturn void complain(int error)
{
	switch (error) {
	case -ENOENT:
		fail("%s: no such socket; was the program started with LEASH_OPTIONS=socket:PATH?", path);
	case -ECONNREFUSED:
		fail("%s: nobody listens; the program has ended, or this is not its socket", path);
	case -EAGAIN:
		fail("%s: no answer", path);
	case -EPROTO:
		fail("%s: the answer is not leash's", path);
	default:
		fail("%s: %s", path, strerror(-error));
	}
}

static void take_first(struct sample *sample)
{
	int error = sample_take(sample, path);

	if (error)
		complain(error);
}

static void take_next(struct sample *sample)
{
	int error = sample_take(sample, path);

	if (error == -ENOENT || error == -ECONNREFUSED || error == -ECONNRESET || error == -EPIPE)
		fail("%s: the process has gone", path);
	if (error)
		complain(error);
}

/* One wait; true when it is time to end. */
static bool pause_for(double seconds)
{
	if (!plain)
		return screen_wait(seconds);
	usleep((useconds_t)(seconds * 1e6));
	return false;
}

static void watch(void)
{
	static struct sample samples[2];
	struct sample *now = &samples[0], *before = &samples[1];
	double seconds = plain || delay < FIRST_LOOK ? delay : FIRST_LOOK;

	take_first(before);
	if (!plain)
		screen_open();
	while (looks && !pause_for(seconds)) {
		struct sample *last = before;

		take_next(now);
		(plain ? show_line : show_screen)(now, before);
		before = now;
		now = last;
		seconds = delay;
		looks -= looks > 0;
	}
	screen_close();
}

static void find_socket(const char *argument)
{
	const char *const folders[] = { getenv("XDG_RUNTIME_DIR"), "/tmp" };
	size_t i;

	if (argument[strspn(argument, "0123456789")]) {
		snprintf(path, sizeof(path), "%s", argument);
		return;
	}
	for (i = 0; i < 2; i++) {
		if (!folders[i] || !*folders[i])
			continue;
		snprintf(path, sizeof(path), "%s/leash.%s", folders[i], argument);
		if (access(path, F_OK) == 0)
			return;
	}
}

static void usage(FILE *out)
{
	fputs("usage: leash-top [-b] [-d SECONDS] [-n COUNT] PATH|PID\n"
	      "\n"
	      "Shows what a program that uses leash does.  The program has been started with\n"
	      "LEASH_OPTIONS=socket:PATH; a PID stands for $XDG_RUNTIME_DIR/leash.PID, or else\n"
	      "/tmp/leash.PID, as with LEASH_OPTIONS=socket:/tmp/leash.%p.\n"
	      "\n"
	      "  -b, --batch          one line for each look, as where there is no terminal\n"
	      "  -d, --delay SECONDS  between two looks, 1 if not given\n"
	      "  -n, --count COUNT    ends after so many\n"
	      "      --help           prints this\n"
	      "      --version        prints the version\n"
	      "\n"
	      "On a terminal, q or Ctrl-C ends it.  Times are upper bounds, by powers of four.\n"
	      "The status is 0 if it was ended, and 1 if the program could not be asked, or has gone.\n",
	      out);
}

static double positive(const char *text, const char *what)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end || !(number > 0 && number < 1e6)) {
		fprintf(stderr, "leash-top: %s: not a %s\n", text, what);
		exit(2);
	}
	return number;
}

static void read_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "batch", no_argument, NULL, 'b' },  { "delay", required_argument, NULL, 'd' },
		{ "count", required_argument, NULL, 'n' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "bd:n:", options, NULL)) != -1) {
		switch (option) {
		case 'b':
			plain = true;
			break;
		case 'd':
			delay = positive(optarg, "number of seconds");
			break;
		case 'n':
			looks = (long)positive(optarg, "count");
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'v':
			puts("leash-top " LEASH_VERSION);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind != argc - 1) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	read_options(argc, argv);
	find_socket(argv[optind]);
	plain = plain || !screen_is_possible();
	watch();
	return 0;
}
