/* Death: see death.c. */
#ifndef LSH_DEATH_H
#define LSH_DEATH_H

#include <stdbool.h>
#include <leash/abi.h>

/* Buries an object that has just been marked dead by the caller.  Outside guards and locks, except that
 * lsh_pass may be held when !prompt.  prompt: hooks run here and now; else an object with hooks goes
 * to the finalizer thread. */
void lsh_bury(struct leash__header *h, bool prompt);

/* The same for one whose fields have been emptied, and whose close and finalize have run; its memory goes with the
 * batch. */
struct lsh_batch;
void lsh_bury_empty(struct leash__header *h, struct lsh_batch *batch);

/* The dead a thread has still to bury, linked through their headers: [1] prompt ones, [0] others; and how
 * far it is with the current one, for the child of a fork. */
struct lsh_grave {
	struct leash__header *waiting[2];
	struct leash__header *current;
	enum lsh_grave_stage {
		LSH_GRAVE_NONE,
		LSH_GRAVE_HOOKS,   /* dead still, or alive, with one reference held for the hooks */
		LSH_GRAVE_FIELDS,  /* dead, some fields still to be released */
		LSH_GRAVE_DESTROY, /* dead, in the hands of its destroy */
	} stage;
};

/* Buries all that is waiting in the grave and what comes of it. */
void lsh_bury_in(struct lsh_grave *grave);

/* Whether the calling thread is inside a close, finalize or destroy function. */
bool lsh_in_hook(void);

/* Around users' code that counts as a hook. */
void lsh_hook_begin(void);
void lsh_hook_end(void);

/* Runs fn(arg) as a hook. */
void lsh_run_hook(void (*fn)(void *), void *arg);

#endif
