/* One line on standard error that says what is going on. */
#include "progress.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool enabled, terminal;

void progress_init(int on)
{
	enabled = on != 0;
	terminal = isatty(STDERR_FILENO) == 1;
}

static __attribute__((format(printf, 1, 0))) void show(const char *format, va_list args)
{
	if (terminal)
		fputs("\r\033[K", stderr);
	vfprintf(stderr, format, args);
	if (!terminal)
		fputc('\n', stderr);
	fflush(stderr);
}

void progress_stage(const char *format, ...)
{
	va_list args;

	if (!enabled)
		return;
	va_start(args, format);
	show(format, args);
	va_end(args);
}

void progress_update(const char *format, ...)
{
	va_list args;

	if (!enabled || !terminal)
		return;
	va_start(args, format);
	show(format, args);
	va_end(args);
}

void progress_end(void)
{
	if (enabled && terminal) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
}
