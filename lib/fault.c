/* The one place that reports misuse.
 *
 * A fault that the caller cannot handle is a bug of the program in which memory is about to be
 * corrupted: one line on stderr, then abort, so that a core file shows the culprit.  The line is written
 * by one write(2), without stdio, whose locks the aborting thread may hold.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault.h"
#include "type.h"

void lsh_say(const char *format, ...)
{
	char line[512] = "leash: ";
	const size_t start = sizeof("leash: ") - 1;
	size_t used;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line + start, sizeof(line) - start - 1, format, args);
	va_end(args);
	if (length < 0)
		return;
	used = start + (size_t)length;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nowhere left to say it */
}

void lsh_fault(const struct leash__header *h, const char *fault)
{
	const leash_type *type = lsh_type_of(h)->type;

	lsh_say("object %p of type %s: %s", (const void *)(h + 1), type ? type->name : "?", fault);
	abort();
}

void lsh_fault_call(const char *function, const char *fault)
{
	lsh_say("%s: %s", function, fault);
	abort();
}
