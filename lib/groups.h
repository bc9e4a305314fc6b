/* Groups of garbage, for the finalizer thread: see groups.c. */
#ifndef LSH_GROUPS_H
#define LSH_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <leash/abi.h>

/* Garbage whose hooks run before it is decided anew: the members, a reference to each of them held. */
struct lsh_group {
	struct lsh_group *next;
	bool waits; /* it has no hooks, and waits for readers only */
	size_t count;
	size_t dropped; /* references given up, for the child of a fork */
	struct leash__header *members[];
};

/* An empty one with room for so many; NULL without memory. */
struct lsh_group *lsh_group_new(size_t count);

/* Runs all hooks, and gives up the references; free() is left to the caller. */
void lsh_group_run(struct lsh_group *group);

/* Gives up the references that have not been, without hooks. */
void lsh_group_drop(struct lsh_group *group);

#endif
