/* One lock, `tap`, protects the numbers and keeps what belongs to one check together on the output.
 * Nothing nests in it. Everything is flushed at once: a test that crashes loses no line. */
#include "tap.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t tap = PTHREAD_MUTEX_INITIALIZER;
static int planned = -1;
static int checked;
static int failed;

static void replace(char *text, const char *unwanted, char by)
{
	while ((text = strpbrk(text, unwanted)))
		*text = by;
}

/* Declares `text`, the caller's message. A newline in it would begin a line that is no TAP or,
 * worse, one that is. */
#define MESSAGE(text)                                    \
	char text[512];                                  \
	va_list arguments;                               \
	va_start(arguments, format);                     \
	vsnprintf(text, sizeof text, format, arguments); \
	va_end(arguments);                               \
	replace(text, "\r\n", ' ')

/* Prints one check and, when it failed, where it stands and why. */
static bool report(bool passed, char *name, const char *file, int line, const char *got,
                   const char *want)
{
	replace(name, "#", '.'); /* "# SKIP" in a name would turn a failure into a skip */
	pthread_mutex_lock(&tap);
	checked++;
	failed += !passed;
	printf("%sok %d - %s\n", passed ? "" : "not ", checked, name);
	fflush(stdout);
	if (!passed && want)
		fprintf(stderr, "# %s:%d: got %s, want %s\n", file, line, got, want);
	else if (!passed)
		fprintf(stderr, "# %s:%d: not true: %s\n", file, line, got);
	pthread_mutex_unlock(&tap);
	return passed;
}

bool tap__ok(bool passed, const char *what, const char *file, int line, const char *format, ...)
{
	MESSAGE(name);
	return report(passed, name, file, line, what, NULL);
}

bool tap__is_int(long long got, long long want, const char *file, int line, const char *format, ...)
{
	char g[32], w[32];

	MESSAGE(name);
	snprintf(g, sizeof g, "%lld", got);
	snprintf(w, sizeof w, "%lld", want);
	return report(got == want, name, file, line, g, w);
}

bool tap__is_str(const char *got, const char *want, const char *file, int line, const char *format,
                 ...)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	MESSAGE(name);
	return report(same, name, file, line, got ? got : "NULL", want ? want : "NULL");
}

bool tap__is_ptr(const void *got, const void *want, const char *file, int line, const char *format,
                 ...)
{
	char g[32], w[32];

	MESSAGE(name);
	snprintf(g, sizeof g, "%p", got);
	snprintf(w, sizeof w, "%p", want);
	return report(got == want, name, file, line, g, w);
}

void tap__plan(int count)
{
	pthread_mutex_lock(&tap);
	planned = count;
	printf("1..%d\n", count);
	fflush(stdout);
	pthread_mutex_unlock(&tap);
}

void tap__skip(int count, const char *format, ...)
{
	MESSAGE(why);
	pthread_mutex_lock(&tap);
	while (count-- > 0)
		printf("ok %d # SKIP %s\n", ++checked, why);
	fflush(stdout);
	pthread_mutex_unlock(&tap);
}

void tap__skip_all(const char *format, ...)
{
	MESSAGE(why);
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

void tap__bail_out(const char *format, ...)
{
	MESSAGE(why);
	printf("Bail out! %s\n", why);
	exit(1);
}

void tap__diag(const char *format, ...)
{
	MESSAGE(text);
	fprintf(stderr, "# %s\n", text);
}

int tap__done(void)
{
	if (planned < 0)
		tap__plan(checked);
	else if (planned != checked)
		tap__diag("planned %d checks, made %d", planned, checked);
	return failed || planned != checked;
}
