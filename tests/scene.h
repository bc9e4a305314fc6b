/* Scenes: parts of a test that end the process, write on stderr, or need an environment of their own.
 *
 * The program runs itself again with the scene's name as its argument, so that the scene begins with a fresh
 * library, and reads what it printed.
 *
 *     int main(int argc, char **argv)
 *     {
 *         struct outcome o;
 *
 *         if (argc > 1)
 *             return act(argv[1]);
 *         play(&o, "double-release", "harden:true");
 *         is_int(o.signal, SIGABRT, ...);
 */
#ifndef SCENE_H
#define SCENE_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
	int status;     /* exit status, or -1 */
	int signal;     /* that ended it, or 0 */
	int err_lines;  /* lines of err */
	char out[4096]; /* stdout and stderr, cut where they exceed the room */
	char err[4096];
};

static inline void scene_exec(const char *name, const char *options, int out, int err)
{
	static char self[] = "/proc/self/exe";
	char *arguments[] = { self, (char *)(uintptr_t)name, NULL };
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	dup2(out, 1);
	dup2(err, 2);
	if (options)
		setenv("LEASH_OPTIONS", options, 1);
	else
		unsetenv("LEASH_OPTIONS");
	execv(self, arguments);
	_exit(126);
}

/* Adds what can be read to the text; tells whether there may be more. */
static inline int scene_read(int fd, char *text, size_t room)
{
	char piece[1024];
	size_t length = strlen(text);
	ssize_t got = read(fd, piece, sizeof piece);

	if (got <= 0)
		return 0;
	if ((size_t)got > room - 1 - length)
		got = (ssize_t)(room - 1 - length);
	memcpy(text + length, piece, (size_t)got);
	text[length + (size_t)got] = 0;
	return 1;
}

/* Plays one scene to its end.  A NULL for the options leaves LEASH_OPTIONS unset. */
static inline void play(struct outcome *outcome, const char *name, const char *options)
{
	int out[2], err[2], status;
	pid_t child;

	memset(outcome, 0, sizeof *outcome);
	fflush(NULL);
	if (pipe(out) || pipe(err) || (child = fork()) < 0) {
		printf("Bail out! no process for a scene\n");
		exit(1);
	}
	if (child == 0) {
		close(out[0]);
		close(err[0]);
		scene_exec(name, options, out[1], err[1]);
	}
	close(out[1]);
	close(err[1]);
	struct pollfd ends[2] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };
	while (ends[0].fd >= 0 || ends[1].fd >= 0) {
		if (poll(ends, 2, -1) < 0)
			continue;
		if (ends[0].revents && !scene_read(out[0], outcome->out, sizeof outcome->out))
			ends[0].fd = -1;
		if (ends[1].revents && !scene_read(err[0], outcome->err, sizeof outcome->err))
			ends[1].fd = -1;
	}
	close(out[0]);
	close(err[0]);
	waitpid(child, &status, 0);
	outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	outcome->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	for (const char *c = outcome->err; *c; c++)
		outcome->err_lines += *c == '\n';
}

#endif
