/* Other programs, run by a measure: see program.h.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Reads to the end, so that the program never finds nobody listening, and keeps what fits. */
static void read_line(int from, char *line, size_t size)
{
	char rest[256];
	size_t length = 0;
	ssize_t got;

	for (;;) {
		size_t room = size - 1 - length;

		got = read(from, room > 0 ? line + length : rest, room > 0 ? room : sizeof(rest));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if (room > 0)
			length += (size_t)got;
	}
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static int spawn(const char *const argv[], int output, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int error;

	posix_spawn_file_actions_init(&actions);
	if (output >= 0)
		posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	error = posix_spawnp(child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

bool program_run(const char *measure, const char *const argv[], char *line, size_t size)
{
	int ends[2] = { -1, -1 }, status = 0, error;
	pid_t child;

	fflush(stdout);
	if (line != NULL && pipe2(ends, O_CLOEXEC) != 0) {
		fprintf(stderr, "ratios: %s: pipe: %s\n", measure, strerror(errno));
		return false;
	}
	error = spawn(argv, ends[1], &child);
	if (line != NULL)
		close(ends[1]);
	if (error == 0 && line != NULL)
		read_line(ends[0], line, size);
	if (line != NULL)
		close(ends[0]);
	if (error != 0) {
		fprintf(stderr, "ratios: %s: cannot run %s: %s\n", measure, argv[0], strerror(error));
		return false;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		fprintf(stderr, "ratios: %s: %s was ended by signal %d\n", measure, argv[0], WTERMSIG(status));
		return false;
	}
	if (WEXITSTATUS(status) != 0) {
		fprintf(stderr, "ratios: %s: %s ended with status %d\n", measure, argv[0], WEXITSTATUS(status));
		return false;
	}
	if (line != NULL && line[0] == '\0') {
		fprintf(stderr, "ratios: %s: %s printed nothing\n", measure, argv[0]);
		return false;
	}
	return true;
}

double program_number(const char *measure, const char *const argv[])
{
	char line[200], *end;
	double number;

	if (!program_run(measure, argv, line, sizeof(line)))
		return -1;
	number = strtod(line, &end);
	if (end == line || number <= 0) {
		fprintf(stderr, "ratios: %s: %s printed \"%s\"\n", measure, argv[0], line);
		return -1;
	}
	return number;
}
