/* What a function prints, with the addresses of known objects replaced by their names. */
#ifndef SAID_H
#define SAID_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct called {
	const void *object;
	const char *name;
};

/* Ends with a NULL object. */
static inline char *said_in_names(const char *text, const struct called *names)
{
	char *result = NULL;
	size_t length = 0, i;
	FILE *out = open_memstream(&result, &length);

	while (out && *text) {
		char address[32];

		for (i = 0; names[i].object; i++) {
			snprintf(address, sizeof address, "%p", names[i].object);
			if (strncmp(text, address, strlen(address)) == 0)
				break;
		}
		if (names[i].object) {
			fputs(names[i].name, out);
			text += strlen(address);
		} else {
			fputc(*text++, out);
		}
	}
	if (!out || fclose(out)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return result;
}

/* What print(object, stream) prints; the caller frees it. */
static inline char *said_by(int (*print)(const void *, FILE *), const void *object, const struct called *names)
{
	char *text = NULL, *result;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	int error = stream ? print(object, stream) : -1;

	if (!stream || fclose(stream) || error) {
		printf("Bail out! printing failed: %d\n", error);
		exit(1);
	}
	result = said_in_names(text, names);
	free(text);
	return result;
}

#endif
