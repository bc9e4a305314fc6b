/* One kind of counting: what the main program asks of a graph of managed objects.
 *
 * graph.c and walk.c are compiled twice into one program, by with_leash.c and by with_naive.c;
 * each copy is one engine.  An engine holds at most one graph at a time, and may watch over what
 * is left of another.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "database.h"
#include "pool.h"

/* One thread's place, kept from walk to walk.  Nothing in it is managed. */
struct walker {
	uint64_t random;   /* state of the generator, not 0 */
	uint64_t walks, steps;
	uint32_t *visited; /* per package: the last walk that came by */
	uint32_t walk;
	void **stack;      /* packages to be looked at, each a reference; room for all of them */
} __attribute__((aligned(128))); /* neighbouring cache lines travel in pairs */

/* What all threads do together until told to stop. */
struct walking {
	const struct engine *engine;
	const struct database *db;
	struct walker *walkers; /* one a thread */
	unsigned begun;         /* threads */
	bool stop __attribute__((aligned(128)));
};

struct engine {
	const char *name;

	/* Builds the graph; its one external reference is then the engine's own.  0, or -1 when
	 * memory is short: then drop() and cut() free what there is. */
	int (*load)(const struct database *db, struct pool *pool);
	/* Objects born since load(), and the memory they took, headers included. */
	uint32_t (*born)(void);
	uint64_t (*bytes)(void);

	/* A pool_job over a struct walking: closures of random packages. */
	pool_job *walk;

	/* Lets go of the graph.  Afterwards nothing outside it holds any of its objects. */
	void (*drop)(void);
	/* Waits until counting alone has left no more than so many objects, or has not come further
	 * for ten seconds. */
	void (*settle)(uint32_t expected);
	/* By the engine's register, which knows births and deaths and counts nothing. */
	bool (*is_alive)(uint32_t object);
	uint32_t (*died_twice)(void);

	/* Sets the register of what is left aside, so that another graph can be loaded. */
	void (*set_aside)(void);
	/* Has cycles found and reclaimed.  What the library says: how many objects that were, or a
	 * negative errno value. */
	long (*collect)(void);
	/* How many objects of the register set aside are alive; waits as settle() does for 0. */
	uint32_t (*left_aside)(void);

	/* Waits until all deaths have happened, those of cycles too.  How many objects there are
	 * then, by the library's own count; -ENOSYS from one that keeps none and leaves cycles;
	 * another negative errno value when deaths are still going on. */
	long (*shutdown)(void);
	/* Empties the fields of all objects that are left, so that they die. */
	void (*cut)(void);
	/* Forgets the registers. */
	void (*forget)(void);
};

extern const struct engine leash_engine, naive_engine;

#endif
