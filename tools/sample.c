/* Asking a program for its numbers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sample.h"

#define PATIENCE 5 /* seconds */

static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* 1 for a line that is a name and a number, 0 for one that is not. */
static int parse(struct sample *sample, const char *line)
{
	char end;

	if (sample->count == SAMPLE_NUMBERS)
		return 1;
	if (sscanf(line, "%47[a-z0-9_] %" SCNu64 "%c", sample->numbers[sample->count].name,
		   &sample->numbers[sample->count].value, &end) != 3 || end != '\n')
		return 0;
	sample->count++;
	return 1;
}

static int read_all(struct sample *sample, FILE *stream)
{
	char line[256];

	errno = 0;
	while (fgets(line, sizeof(line), stream))
		if (!parse(sample, line))
			return -EPROTO;
	if (ferror(stream))
		return errno ? -errno : -EIO;
	/* Hung up on without a word: it is about to end. */
	return sample->count ? 0 : -ECONNRESET;
}

int sample_take(struct sample *sample, const char *path)
{
	static const char question[] = "text\n";
	struct timespec time;
	FILE *stream;
	int fd = connect_to(path), error;

	if (fd < 0)
		return fd;
	sample->count = 0;
	if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) < 0 || !(stream = fdopen(fd, "r"))) {
		error = -errno;
		close(fd);
		return error;
	}
	error = read_all(sample, stream);
	fclose(stream);
	clock_gettime(CLOCK_MONOTONIC, &time);
	sample->seconds = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
	return error;
}

static long find(const struct sample *sample, const char *name)
{
	size_t i;

	for (i = 0; i < sample->count; i++)
		if (strcmp(sample->numbers[i].name, name) == 0)
			return (long)i;
	return -1;
}

uint64_t sample_of(const struct sample *sample, const char *name)
{
	long i = find(sample, name);

	return i < 0 ? 0 : sample->numbers[i].value;
}

bool sample_has(const struct sample *sample, const char *name)
{
	return find(sample, name) >= 0;
}

uint64_t sample_sum(const struct sample *sample, const char *beginning)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < sample->count; i++)
		if (strncmp(sample->numbers[i].name, beginning, strlen(beginning)) == 0)
			sum += sample->numbers[i].value;
	return sum;
}

double sample_growth(const struct sample *now, const struct sample *before, const char *name)
{
	uint64_t new = sample_of(now, name), old = sample_of(before, name);

	/* Less than before: it is another process. */
	return new > old ? (double)(new - old) : 0;
}

double sample_rate(const struct sample *now, const struct sample *before, const char *name)
{
	double seconds = now->seconds - before->seconds;

	return seconds > 0 ? sample_growth(now, before, name) / seconds : 0;
}

long sample_percentile(const struct sample *now, const struct sample *before, const char *histogram, double share)
{
	char name[64];
	double all, enough;
	size_t i;

	snprintf(name, sizeof(name), "%s_count", histogram);
	all = sample_growth(now, before, name);
	if (all == 0)
		return 0;
	enough = share * all;
	snprintf(name, sizeof(name), "%s_le_", histogram);
	for (i = 0; i < now->count; i++) {
		const char *bound = now->numbers[i].name;

		if (strncmp(bound, name, strlen(name)) == 0 && sample_growth(now, before, bound) >= enough)
			return strtol(bound + strlen(name), NULL, 10);
	}
	return -1;
}
