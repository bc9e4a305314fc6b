/* Plain ANSI: home, the lines, each cleared to its end, and all below. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "screen.h"

static volatile sig_atomic_t ended, stopping, continued;
static bool is_open, has_keys;
static struct termios before;

bool screen_is_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static void stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void go_on(int signal)
{
	(void)signal;
	continued = 1;
}

static void look_up(int signal)
{
	(void)signal;
}

static void take(void)
{
	struct termios keys = before;

	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	fputs("\033[?25l\033[H\033[J", stdout);
	fflush(stdout);
}

static void give_back(void)
{
	fputs("\033[?25h", stdout);
	fflush(stdout);
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void screen_open(void)
{
	struct sigaction ending = { .sa_handler = end }, resized = { .sa_handler = look_up };
	struct sigaction stopped = { .sa_handler = stop }, resumed = { .sa_handler = go_on };

	sigaction(SIGINT, &ending, NULL);
	sigaction(SIGTERM, &ending, NULL);
	sigaction(SIGHUP, &ending, NULL);
	sigaction(SIGWINCH, &resized, NULL);
	sigaction(SIGTSTP, &stopped, NULL);
	sigaction(SIGCONT, &resumed, NULL);
	has_keys = tcgetattr(STDIN_FILENO, &before) == 0;
	take();
	is_open = true;
	atexit(screen_close);
}

void screen_close(void)
{
	if (!is_open)
		return;
	is_open = false;
	give_back();
}

/* What the signal does of itself, where a shell could not continue us: nothing. */
static void stop_here(void)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, ours;

	stopping = 0;
	give_back();
	sigaction(SIGTSTP, &usual, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
	continued = 1;
}

void screen_show(const char *text)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	unsigned row;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	fputs("\033[H", stdout);
	/* The last row stays free, for the cursor. */
	for (row = 1; *text && row < size.ws_row; row++) {
		size_t length = strcspn(text, "\n");

		printf("%.*s\033[K\n", (int)(length < size.ws_col ? length : size.ws_col), text);
		text += length + (text[length] == '\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

bool screen_wait(double seconds)
{
	struct pollfd keys = { .fd = has_keys ? STDIN_FILENO : -1, .events = POLLIN };
	sigset_t ours, rest;
	struct timespec time = { .tv_sec = (time_t)seconds };
	char key;
	bool is_end;

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	/* A signal just before the wait would be missed. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigaddset(&ours, SIGTSTP);
	sigaddset(&ours, SIGCONT);
	sigprocmask(SIG_BLOCK, &ours, &rest);
	is_end = !ended && !stopping && !continued && ppoll(&keys, 1, &time, &rest) > 0 &&
		 (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q');
	sigprocmask(SIG_SETMASK, &rest, NULL);
	if (stopping)
		stop_here();
	/* The shell may have used the terminal, and after SIGSTOP we have not given it back. */
	if (continued) {
		continued = 0;
		take();
	}
	return is_end || ended;
}
