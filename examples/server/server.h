/* The server as a whole: what it was told, and what it counts. */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>
#include <stdint.h>

struct options {
	int port; /* 0: any that is free; afterwards, the one it is */
	const char *bind;
	int threads;
	size_t maxmemory; /* bytes, 0: no limit */
	size_t maxrequest;
	long maxclients;
};
extern struct options options;

/* Milliseconds since the epoch at which it began. */
extern int64_t server_started;

/* Connections that there are, to compare with the limit; atomic. */
extern long server_clients;

#endif
