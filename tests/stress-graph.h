/* The shadow of a graph with cycles, and how it judges: see stress-shadow.c.  Private to the oracle of stress-collect. */
#ifndef STRESS_GRAPH_H
#define STRESS_GRAPH_H

#include <leash/leash.h>
#include <pthread.h>

#include "stress-oracle.h"

#define MAGIC  UINT64_C(0x6c65617368677266)
#define POISON UINT64_C(0xdeaddeaddeaddead)
#define RECORDS 60000
#define EDGES 24

struct record {
	struct managed *object;
	uint32_t number;
	uint8_t kind;
	uint8_t room; /* for tails */
	int state;
	int finalized, closed;
	pthread_mutex_t fields; /* who changes or reads the object's fields; hooks may run under it */

	/* Under the shadow's lock. */
	int external;
	int immortal;
	unsigned mark;
	unsigned place; /* in the list of those that may live */
	struct record *edges[EDGES];
};
enum { UNBORN, LIVE, DESTROYED };

struct node {
	struct managed base;
	struct managed *fields[3];
};

struct tail {
	struct managed base;
	struct managed *fields[];
};

struct buffer {
	size_t room;
	struct managed *fields[];
};

struct traced {
	struct managed base;
	struct buffer *buffer;
};

struct large {
	struct managed base;
	char rest[2000];
};

extern const leash_type graph_types[KINDS];
extern __thread bool graph_making; /* this thread is inside leash_new(), which must not fail */
extern unsigned resurrect; /* finalizers publish one in so many */

static inline int peek(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline bool once(int *word, int from)
{
	return __atomic_compare_exchange_n(word, &from, from + 1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

extern struct record records[RECORDS];

/* A record for a new object, or NULL; what was made with it is in the graph from then on, held by one variable. */
struct record *shadow_new(void);
void shadow_list(struct record *record);

/* One external reference more, or (-1) less. */
void shadow_external(struct record *record, int change);

/* The field refers to `value` from now on; in the same step one external reference more or less to others, or NULL. */
void shadow_edge(struct record *record, size_t field, struct record *value, struct record *gains,
		 struct record *loses);

/* The fields refer to these and to nothing else. */
void shadow_edges(struct record *record, struct managed *const *values, size_t number);

/* An external reference is consumed, and the object never dies. */
void shadow_immortal(struct record *record);
bool shadow_is_immortal(const struct record *record);

/* Fails if anything but one external reference leads to the object. */
void shadow_unique(const struct record *record);

/* The object is at its end, or about to be: fails if it can be reached. */
void shadow_unreachable(struct record *record, const char *what);

/* The object is destroyed and has left the graph. */
void shadow_remove(struct record *record);

/* Its fields.  Under their lock, where others have the object too. */
struct managed **fields_of(struct managed *object, size_t *room);

/* How many objects there may be at most; how many there are that external references lead to. */
size_t graph_listed(void);
size_t graph_reachable(void);

/* With no other thread of the test about: collects until just what is reachable is in memory, or fails. */
void graph_settle(void);

#endif
