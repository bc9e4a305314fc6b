/* LEASH_OPTIONS=socket: statistics for whoever connects.  Options are read once, so each scene is this program started again. */
#include <leash/leash.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "mortal.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;
static char folder[] = "/tmp/leash-socket-XXXXXX";
static char path[64];

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int open_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static struct sockaddr_un address(void)
{
	struct sockaddr_un there = { .sun_family = AF_UNIX };

	strcpy(there.sun_path, path);
	return there;
}

static int connected(void)
{
	struct sockaddr_un there = address();
	int fd = open_socket();

	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What a client gets that sends this; NULL if it cannot connect. */
static char *ask(const char *question)
{
	static char answer[65536];
	size_t length = 0;
	ssize_t got;
	int fd = connected();

	if (fd < 0)
		return NULL;
	if (send(fd, question, strlen(question), MSG_NOSIGNAL) < 0)
		diag("send: %s", strerror(errno));
	while ((got = read(fd, answer + length, sizeof(answer) - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	answer[length] = 0;
	return answer;
}

static bool begins(const char *text, const char *with)
{
	return text && strncmp(text, with, strlen(with)) == 0;
}

static void start(void)
{
	leash_release(mortal_new(&obituary));
}

static bool exists(void)
{
	return access(path, F_OK) == 0;
}

static void *lives(void *unused)
{
	for (int i = 0; i < 20000; i++)
		leash_release(mortal_new(&obituary));
	return unused;
}

static void serves(void)
{
	struct stat file;
	pthread_t thread;
	char *answer;

	ok(!exists(), "there is no socket before the library is used");
	start();
	ok(stat(path, &file) == 0 && S_ISSOCK(file.st_mode), "then there is");
	is_int(file.st_mode & 0777, 0600, "for its owner only");
	ok(begins(ask("text\n"), "alive "), "text");
	answer = ask("json\n");
	ok(begins(answer, "{") && strcmp(answer + strlen(answer) - 2, "}\n") == 0, "JSON, and all of it");
	ok(begins(ask("prometheus\n"), "# HELP leash_"), "Prometheus");
	ok(begins(ask("advice\n"), "no cycles "), "advice");
	ok(begins(ask("text\r\n"), "alive "), "a line's end may have two characters");
	is_str(ask("texts\n"), "accepted are text, json, prometheus, advice\n", "another word: what is accepted");
	is_str(ask("\n"), "accepted are text, json, prometheus, advice\n", "none");
	answer = ask("a line that is longer than all the words that anybody would ever want to send to a socket like this one\n");
	is_str(answer, "accepted are text, json, prometheus, advice\n", "or a very long one");

	thread = thread_start(lives, NULL);
	for (int i = 0; i < 50; i++)
		if (!begins(ask(i % 2 ? "text\n" : "json\n"), i % 2 ? "alive " : "{"))
			ok(false, "no answer beside a busy thread");
	thread_end(thread);
	is_int(leash_shutdown(), 0, "it ends");
	ok(!exists(), "without leaving its socket");
	start();
	ok(!exists(), "for good");
	leash_shutdown();
}

static void clients(void)
{
	struct sigaction action;
	int silent, gone, deaf;
	double began;

	start();
	began = seconds();
	silent = connected();
	ok(begins(ask("text\n"), "alive "), "behind a silent client another is served");
	ok(seconds() - began < 30, "before long");
	is_int(read(silent, (char[1]){ 0 }, 1), 0, "the silent one is hung up on");
	close(silent);

	gone = connected();
	is_int(send(gone, "te", 2, 0), 2, "half a word");
	close(gone);
	for (int i = 0; i < 20; i++) {
		gone = connected();
		send(gone, "prometheus\n", 11, MSG_NOSIGNAL);
		close(gone);
	}
	ok(begins(ask("text\n"), "alive "), "clients that do not wait for their answer do no harm");
	sigaction(SIGPIPE, NULL, &action);
	ok(action.sa_handler == SIG_DFL, "nor is SIGPIPE made use of");

	deaf = connected();
	send(deaf, "text\n", 5, 0);
	ok(begins(ask("json\n"), "{"), "behind one that does not read, too");
	close(deaf);
	silent = connected();
	is_int(leash_shutdown(), 0, "leash_shutdown() comes in between");
	close(silent);
}

static void forks(void)
{
	int status, silent, go[2];
	char byte;
	pid_t child;

	start();
	silent = connected();
	usleep(50000); /* it is accepted, most likely */
	if (pipe(go))
		bail_out("no pipe");
	child = fork();
	if (child == 0) {
		if (read(go[0], &byte, 1) < 0)
			_exit(1);
		leash_release(mortal_new(&obituary));
		exit(leash_shutdown() != 0);
	}
	is_int(read(silent, &byte, 1), 0, "the child of a fork does not hold the parent's clients");
	ok(begins(ask("text\n"), "alive "), "the parent answers");
	if (write(go[1], "", 1) < 0)
		bail_out("no pipe");
	waitpid(child, &status, 0);
	is_int(status, 0, "the child ends well");
	ok(begins(ask("text\n"), "alive "), "the parent still answers");

	child = fork();
	if (child == 0) {
		for (;;)
			pause();
	}
	leash_shutdown();
	ok(!exists(), "the parent removes its socket");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

/* What runs in processes of its own. */
static int once(void)
{
	start();
	return 0; /* no leash_shutdown(): exit has to do */
}

static _Noreturn void wait_to_be_killed(void)
{
	start();
	puts("up");
	fflush(stdout);
	for (;;)
		pause();
}

/* Its client is silent when it ends. */
static int exit_beside_client(void)
{
	start();
	return connected() < 0;
}

static int run(const char *scene, char *said, size_t size)
{
	char command[4096], *end = said;
	FILE *pipe;
	size_t got;

	snprintf(command, sizeof(command), "LEASH_OPTIONS='socket:%s' '%s' %s %s 2>&1", path,
		 program_invocation_name, scene, folder);
	pipe = popen(command, "r");
	if (!pipe)
		bail_out("no process");
	while ((got = fread(end, 1, size - 1 - (size_t)(end - said), pipe)) > 0)
		end += got;
	*end = 0;
	return pclose(pipe);
}

static void ends(void)
{
	char said[4096];
	double began;

	is_int(run("once", said, sizeof(said)), 0, "a program that just ends");
	is_str(said, "", "says nothing");
	ok(!exists(), "and leaves no socket");
	began = seconds();
	is_int(run("exit-beside-client", said, sizeof(said)), 0, "one that ends while it serves");
	ok(seconds() - began < 30, "does so");
	ok(!exists(), "and leaves none either");
}

static void places(void)
{
	struct sockaddr_un there = address();
	char said[4096];
	struct stat before, after;
	int fd = open_socket(), file;

	is_int(bind(fd, (struct sockaddr *)&there, sizeof(there)), 0, "a socket on which nobody listens");
	is_int(run("once", said, sizeof(said)), 0, "is replaced");
	is_str(said, "", "without a word");
	ok(!exists(), "and removed");
	close(fd);

	fd = open_socket();
	if (bind(fd, (struct sockaddr *)&there, sizeof(there)) || listen(fd, 1) || stat(path, &before))
		bail_out("no socket");
	is_int(run("once", said, sizeof(said)), 0, "one that is in use");
	ok(strstr(said, path) && strchr(said, '\n') == said + strlen(said) - 1, "is complained of in a line: %s", said);
	ok(stat(path, &after) == 0 && before.st_ino == after.st_ino, "and left alone");
	close(fd);
	unlink(path);

	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&there, sizeof(there)))
		bail_out("no socket");
	is_int(run("once", said, sizeof(said)), 0, "one of another kind");
	ok(strstr(said, path) && exists(), "is left alone, too");
	close(fd);
	unlink(path);

	file = open(path, O_CREAT | O_WRONLY, 0600);
	close(file);
	is_int(run("once", said, sizeof(said)), 0, "a file that is no socket");
	ok(strstr(said, path) && strchr(said, '\n') == said + strlen(said) - 1, "is complained of in a line: %s", said);
	ok(stat(path, &after) == 0 && S_ISREG(after.st_mode), "and left alone");
	unlink(path);

	strcpy(path + strlen(path), "/no/folder");
	is_int(run("once", said, sizeof(said)), 0, "a folder that is not there");
	ok(strstr(said, path) && strchr(said, '\n') == said + strlen(said) - 1, "is complained of in a line: %s", said);
	*strstr(path, "/no/folder") = 0;
}

static void killed(void)
{
	char command[4096], said[4096] = "";
	FILE *pipe;
	long number;

	/* The shell becomes the program: its number is the program's. */
	snprintf(command, sizeof(command), "echo $$; LEASH_OPTIONS='socket:%s' exec '%s' wait %s", path,
		 program_invocation_name, folder);
	pipe = popen(command, "r");
	if (!pipe || fscanf(pipe, "%ld up", &number) != 1)
		bail_out("no process");
	eventually(exists(), "a program is there");
	ok(begins(ask("text\n"), "alive "), "and answers");
	kill((pid_t)number, SIGKILL);
	pclose(pipe);
	ok(exists(), "killed, it leaves its socket");
	is_int(run("once", said, sizeof(said)), 0, "which the next one replaces");
	is_str(said, "", "without a word");
	ok(!exists(), "and removes");
}

static void scene(const char *name)
{
	char command[4096], line[1024];
	FILE *pipe;
	int failed = 0, checks = 0;

	snprintf(command, sizeof(command), "LEASH_OPTIONS='socket:%s' '%s' %s %s", path, program_invocation_name,
		 name, folder);
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe)) {
		line[strcspn(line, "\n")] = 0;
		diag("%s", line);
		checks += begins(line, "ok ");
		failed += begins(line, "not ok ");
	}
	is_int(pipe ? pclose(pipe) : -1, 0, "%s: its checks pass", name);
	ok(failed == 0 && checks > 2, "%s: %d, and no other", name, checks);
	ok(!exists(), "%s: no socket is left", name);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		snprintf(path, sizeof(path), "%s/socket", argv[2]);
		if (strcmp(argv[1], "once") == 0)
			return once();
		if (strcmp(argv[1], "wait") == 0)
			wait_to_be_killed();
		if (strcmp(argv[1], "exit-beside-client") == 0)
			return exit_beside_client();
		if (strcmp(argv[1], "serves") == 0)
			serves();
		else if (strcmp(argv[1], "clients") == 0)
			clients();
		else if (strcmp(argv[1], "forks") == 0)
			forks();
		return done();
	}
	if (!mkdtemp(folder))
		bail_out("no folder");
	snprintf(path, sizeof(path), "%s/socket", folder);
	scene("serves");
	scene("clients");
	scene("forks");
	ends();
	places();
	killed();
	rmdir(folder);
	return done();
}
