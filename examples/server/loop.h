/* Event loops: one a thread, each with a listening socket of its own. */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>
#include "client.h"

struct loop {
	uv_loop_t uv;
	uv_tcp_t listener;
	uv_async_t wake;
	uv_timer_t timer; /* the first loop's, as the signals */
	uv_signal_t signals[2];
	int number;
	int socket; /* -1: it is the listener's, or there is none */
	pthread_t thread;
	struct client *clients;         /* those that are open: a reference to each */
	uint64_t commands;              /* that it has run; written by its thread, read by any */

	pthread_mutex_t lock;  /* protects what follows; nothing nests in it */
	bool open;             /* messages are accepted */
	struct post *posts;    /* not delivered yet, in their order */
	struct post **last;    /* where the next is linked */

	char input[64 << 10]; /* where clients are read into that have nothing left from before */
};

/* Makes all loops and their sockets; prints what is wrong. */
bool loops_start(void);

/* Runs them, the first on this thread, until they are stopped and everything of theirs is closed. */
void loops_run(void);

/* When they have ended, or could not be started. */
void loops_free(void);

/* Makes them stop; from any thread. */
void loops_stop(void);

/* What all have run. */
uint64_t loops_commands(void);

#endif
