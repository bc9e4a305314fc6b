/* A list of names, copied one behind the other. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "client.h"

/* Zero-initialised: none. */
struct names {
	char *bytes;
	size_t length, room;
	size_t number;
};

bool names_add(struct names *names, const char *name, size_t length); /* false without memory */

/* Replies an array of them all, and frees them. */
void names_reply(struct client *client, struct names *names);

#endif
