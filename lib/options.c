/* LEASH_OPTIONS: `key:value,key:value`, read once.
 *
 * A part that cannot be understood is named on stderr together with what would be accepted, and
 * skipped: an option is never worth the program.
 */
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "options.h"
#include "track.h"

static const struct key {
	const char *name;
	size_t offset;
} keys[] = {
	{ "harden", offsetof(struct lsh_options, harden) },
	{ "bias", offsetof(struct lsh_options, bias) },
	{ "magazines", offsetof(struct lsh_options, magazines) },
	{ "track", offsetof(struct lsh_options, track) },
	{ "leak_report", offsetof(struct lsh_options, leak_report) },
};
#define ACCEPTED                                                                                   \
	"accepted are harden, bias, magazines, track and leak_report, each with :true or :false, " \
	"threshold:number, and socket:path"

static struct lsh_options options = { .harden = false, .bias = true, .threshold = -1 };
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A path of a socket, in which %p stands for the process's number. */
static bool read_path(const char *value, size_t length)
{
	char *path = options.socket, *end = path + sizeof(options.socket) - 1;
	size_t i;

	for (i = 0; i < length && path < end; i++) {
		if (value[i] == '%' && i + 1 < length && value[i + 1] == 'p') {
			path += snprintf(path, (size_t)(end - path) + 1, "%ld", (long)getpid());
			i++;
		} else {
			*path++ = value[i];
		}
	}
	if (i == length && length && path <= end) {
		*path = 0;
		return true;
	}
	options.socket[0] = 0;
	return false;
}

static bool read_threshold(const char *value, size_t length)
{
	int number = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9' || number > (INT_MAX - 9) / 10)
			return false;
		number = number * 10 + value[i] - '0';
	}
	options.threshold = length ? number : -1;
	return length > 0;
}

static bool has_name(const char *part, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(name, part, length) == 0;
}

static void read_part(const char *part, size_t length)
{
	const char *colon = memchr(part, ':', length);
	size_t name = colon ? (size_t)(colon - part) : length;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool *option = (bool *)((char *)&options + keys[i].offset);

		if (!has_name(part, name, keys[i].name))
			continue;
		if (colon && length - name == 5 && memcmp(colon, ":true", 5) == 0)
			*option = true;
		else if (colon && length - name == 6 && memcmp(colon, ":false", 6) == 0)
			*option = false;
		else
			lsh_say("LEASH_OPTIONS: no such value: \"%.*s\"; " ACCEPTED, (int)length, part);
		return;
	}
	if (has_name(part, name, "threshold") || has_name(part, name, "socket")) {
		bool (*read)(const char *, size_t) = part[0] == 't' ? read_threshold : read_path;

		if (!colon || !read(colon + 1, length - name - 1))
			lsh_say("LEASH_OPTIONS: no such value: \"%.*s\"; " ACCEPTED, (int)length, part);
		return;
	}
	lsh_say("LEASH_OPTIONS: no such key: \"%.*s\"; " ACCEPTED, (int)length, part);
}

static void read_options(void)
{
	/* Not for a program that has more rights than whoever runs it: files are made where options say. */
	const char *part = secure_getenv("LEASH_OPTIONS");

	options.magazines = !lsh_is_watched();
	while (part && *part) {
		size_t length = strcspn(part, ",");

		read_part(part, length < 200 ? length : 200);
		part += length;
		part += *part == ',';
	}
	/* Checking every pointer is only possible where every operation passes through the library. */
	if (options.harden)
		options.bias = false;
	if (options.leak_report)
		options.track = true;
}

const struct lsh_options *lsh_options(void)
{
	pthread_once(&once, read_options);
	return &options;
}
