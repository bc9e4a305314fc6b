/* The shadow of a graph with cycles, and how it judges: see stress-shadow.c.  Private to the oracle of stress-collect. */
#ifndef STRESS_GRAPH_H
#define STRESS_GRAPH_H

#include <leash/leash.h>
#include <pthread.h>

#include "stress-shapes.h"

#define MAGIC UINT64_C(0x6c65617368677266)
#define RECORDS 60000
#define EDGES 24

/* Kinds besides those of stress-oracle.h. */
enum {
	SLOTTED = KINDS, /* three fields that are slots */
	POINTING,        /* three fields, and a weak reference that clears itself */
	PLAIN_POINTING,  /* the same without hooks */
	GRAPH_KINDS
};

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

struct slotted {
	struct managed base;
	leash_slot slots[3];
};

/* A weak reference, and what is known of it. */
struct aim {
	leash_weak weak;
	struct record *record; /* of what it points to; NULL: it is empty */
	int ended;             /* a load has given NULL: so will all others */
};

struct pointing {
	struct node node;
	struct aim back; /* under the lock of the fields */
};

extern const leash_type graph_types[GRAPH_KINDS];
extern __thread bool graph_making; /* this thread is inside leash_new(), which must not fail */

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

/* Whether external references lead to the object. */
bool shadow_is_reachable(struct record *record);

/* Weak references (stress-graph-weak.c).  aim_at() makes it point to what the caller holds; aim_follow() gives a reference, or
 * NULL, and checks that this is right; aim_copy() copies it. */
void aim_at(struct aim *aim, struct managed *object);
struct managed *aim_follow(struct aim *aim);
void aim_copy(struct aim *to, struct aim *from);

/* Those of the round, which any thread may use, and watches with them.  entry_copy() and entry_follow() may do nothing when
 * others use the entry. */
#define ENTRIES 64
void entry_point(unsigned number, struct managed *object, bool watched);
struct managed *entry_follow(unsigned number);
void entry_copy(unsigned to, unsigned from);
void entries_check_at_rest(void);
void entries_end(void);

/* Of the object, if it is of a kind that has one: makes it point, or follows it. */
void oracle_point_back(struct managed *p, struct managed *value);
struct managed *oracle_follow_back(struct managed *p);

/* Shared slots (stress-graph-slot.c).  exchange gives back the object itself if the slot is being used otherwise. */
#define SLOTS 16
struct managed *slot_exchange(unsigned number, struct managed *object);
struct managed *slot_load(unsigned number);
void slot_store(unsigned number, struct managed *object); /* or NULL */
void slot_replace(unsigned number, struct managed *object); /* if nobody else has replaced what was just loaded */
void slot_look(unsigned number); /* at what is there, without counting it */
void slots_look_into(const struct managed *p); /* the same with a SLOTTED object's */
void slots_empty_all(void);
bool slots_any(void);

/* Looks at the heap in some way, with tracking (stress-graph-see.c); and compares it with the shadow, when nothing changes. */
void see_something(void);
void see_at_rest(void);

/* With no other thread of the test about: collects until just what is reachable is in memory, or fails. */
void graph_settle(void);

#endif
