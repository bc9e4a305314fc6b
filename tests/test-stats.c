/* leash_stats_print: lines of a name and a value, which add up. */
#include <leash/leash.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static char *text(void)
{
	char *buffer = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&buffer, &length);

	if (!stream || leash_stats_print(stream, LEASH_TEXT) != 0)
		bail_out("no statistics");
	fclose(stream);
	return buffer;
}

/* The sum of all values whose names begin so, or -1 where there is none. */
static long long value(const char *wanted)
{
	char *all = text();
	long long sum = -1;

	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			sum = (sum < 0 ? 0 : sum) + atoll(strrchr(line, ' ') + 1);
	free(all);
	return sum;
}

/* One word, one space, one number. */
static bool well_formed(const char *line)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *number = line + name + 1;

	return name > 0 && line[name] == ' ' && isdigit((unsigned char)*number) &&
	       number[strspn(number, "0123456789")] == 0;
}

static void form(void)
{
	char *all = text();
	size_t length = strlen(all);
	int lines = 0, bad = 0;

	ok(length > 0 && all[length - 1] == '\n', "the text ends with its last line");
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
		lines++;
		if (!well_formed(line)) {
			diag("%s", line);
			bad++;
		}
	}
	ok(lines >= 5, "it has several lines (%d)", lines);
	is_int(bad, 0, "each a name and a number");
	free(all);
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static struct mortal *saved;

static void saving_finalize(void *object)
{
	saved = leash_retain((struct mortal *)object);
}

static const leash_type saving_type = {
	.name = "saving", .size = sizeof(struct mortal), .finalize = saving_finalize, .destroy = mortal_destroy,
};

/* One event of each kind at a time, and which counters it moves. */
static void counters(void)
{
	long long births = value("births"), found = value("deaths");
	struct mortal *m;

	ok(births >= 0 && found >= 0, "births and deaths are among them");
	leash_release(mortal_new(&obituary));
	is_int(value("births"), births + 1, "a birth counts");
	is_int(value("deaths"), found + 1, "a death too");

	long long owner = value("deaths_owner"), shared = value("deaths_shared"), revoked = value("deaths_revoked");
	leash_release(mortal_new(&obituary));
	is_int(value("deaths_owner"), owner + 1, "one found by the owner");
	m = mortal_new(&obituary);
	leash_handoff(m);
	elsewhere(drop, m);
	is_int(value("deaths_shared"), shared + 1, "one found by a release of a merged object");
	elsewhere(drop, mortal_new(&obituary));
	eventually(deaths(&obituary) == 4, "one found by a revocation");
	is_int(value("deaths_revoked"), revoked + 1, "counts as such");
	ok(value("revocations") > 0 && value("revocation_batches") > 0, "revocations are counted");

	long long adoptions = value("adoptions"), merges = value("merges");
	m = mortal_new(&obituary);
	leash_handoff(m);
	leash_adopt(m);
	is_int(value("adoptions"), adoptions + 1, "an adoption");
	is_int(value("merges"), merges + 1, "a merge");
	leash_release(m);

	long long finalized = value("finalized"), immortals = value("immortal");
	leash_release(mortal_of(&saving_type, &obituary));
	is_int(value("finalized"), finalized + 1, "an object brought back for its finalizer");
	leash_clear(&saved);
	is_int(value("finalized"), finalized + 1, "which it is once");
	static struct mortal *immortal;
	immortal = mortal_new(&obituary);
	leash_immortalize(immortal);
	is_int(value("immortal"), immortals + 1, "an immortal object");

	long long alive = value("alive");
	m = mortal_new(&obituary);
	is_int(value("alive"), alive + 1, "objects alive");
	leash_release(m);
	is_int(value("alive"), alive, "and no longer");
	is_int(leash_shutdown(), 0, "at the end");
	is_int(value("alive"), value("immortal"), "only immortal objects are alive");
	is_int(value("births") - value("frees"), value("alive"), "births less memory freed is what is alive");
	is_int(value("deaths_") - value("finalized"), value("frees"), "deaths less finalized is memory freed");
	ok(leash_refcount(immortal) == SIZE_MAX, "the immortal object is there to the end");
}

/* Counters of many threads, ended ones included. */
static void *lives(void *argument)
{
	for (int i = 0; i < 1000; i++)
		leash_release(mortal_new(argument));
	return NULL;
}

static void threads(void)
{
	long long births = value("births"), found = value("deaths");

	for (int i = 0; i < 10; i++) {
		pthread_t one = thread_start(lives, &obituary), two = thread_start(lives, &obituary);

		thread_end(one);
		thread_end(two);
	}
	is_int(value("births"), births + 20000, "births of threads that have ended are kept");
	is_int(value("deaths"), found + 20000, "and their deaths");
}

static void errors(void)
{
	FILE *full = fopen("/dev/full", "w"), *closed = fopen("/dev/null", "r");
	char *buffer = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&buffer, &length);

	is_int(leash_stats_print(NULL, LEASH_TEXT), -EINVAL, "no stream: EINVAL");
	is_int(leash_stats_print(stream, (leash_format)99), -EINVAL, "an unknown format: EINVAL");
	is_int(leash_stats_print(stream, (leash_format)-1), -EINVAL, "or a negative one");
	fclose(stream);
	is_int((long long)length, 0, "and nothing is printed");
	free(buffer);
	if (full) {
		setvbuf(full, NULL, _IONBF, 0);
		is_int(leash_stats_print(full, LEASH_TEXT), -EIO, "a stream that takes nothing: EIO");
		fclose(full);
	} else {
		skip(1, "no /dev/full");
	}
	is_int(leash_stats_print(closed, LEASH_TEXT), -EIO, "a stream for reading: EIO");
	fclose(closed);
}

int main(void)
{
	form();
	counters();
	threads();
	errors();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
