/* What the oracles of the stresses have in common: how objects are traced, and how a round ends that has gone wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress-shapes.h"

unsigned resurrect;

void shape_trace(void *payload, leash_visit_fn *visit, void *arg)
{
	struct buffer *buffer = __atomic_load_n(&((struct traced *)payload)->buffer, __ATOMIC_ACQUIRE);
	size_t i;

	for (i = 0; buffer && i < buffer->room; i++)
		visit(&buffer->fields[i], arg);
}

void oracle_fail(const void *object, const char *format, ...)
{
	const struct leash__header *h = object ? leash__header_of(object) : NULL;
	char line[512];
	size_t used;
	va_list args;

	used = (size_t)snprintf(line, sizeof line, "# oracle: object %p: ", object);
	va_start(args, format);
	used += (size_t)vsnprintf(line + used, sizeof line - used, format, args);
	va_end(args);
	if (h)
		used += (size_t)snprintf(line + used, sizeof line - used, " (shared %llx local %x owner %x)",
					 (unsigned long long)h->shared, h->local, h->owner);
	used += (size_t)snprintf(line + used, sizeof line - used, "\n");
	if (write(STDERR_FILENO, line, used) < 0)
		abort();
	abort();
}
