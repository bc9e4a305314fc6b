/* LEASH_OPTIONS: see options.c. */
#ifndef LSH_OPTIONS_H
#define LSH_OPTIONS_H

#include <stdbool.h>

struct lsh_options {
	bool harden;    /* check that every pointer is a live object's */
	bool bias;      /* objects have owners, decrements are deferred */
	bool magazines; /* false: each object is a malloc of its own; unless said, where a memory checker watches */
	bool track;     /* all objects are known: census.c */
	bool leak_report; /* at the end, what is still alive is said; implies track */
	int threshold;  /* of the collector's generation 0; -1: not given */
	char socket[108]; /* the path of the socket on which statistics are served; empty: none */
};

/* Read once, before the first object is made. */
const struct lsh_options *lsh_options(void);

#endif
