/* A list of names, copied one behind the other, each after its length. */
#include <stdlib.h>
#include <string.h>

#include "names.h"

bool names_add(struct names *names, const char *name, size_t length)
{
	size_t needed = names->length + sizeof(length) + length;

	if (needed > names->room) {
		size_t room = needed < 512 ? 1024 : 2 * needed;
		char *bytes = realloc(names->bytes, room);

		if (!bytes)
			return false;
		names->bytes = bytes;
		names->room = room;
	}
	memcpy(names->bytes + names->length, &length, sizeof(length));
	if (length)
		memcpy(names->bytes + names->length + sizeof(length), name, length);
	names->length = needed;
	names->number++;
	return true;
}

void names_reply(struct client *client, struct names *names)
{
	const char *at = names->bytes;

	reply_array(client, names->number);
	for (size_t i = 0; i < names->number; i++) {
		size_t length;

		memcpy(&length, at, sizeof(length));
		reply_bytes(client, at + sizeof(length), length);
		at += sizeof(length) + length;
	}
	free(names->bytes);
}
