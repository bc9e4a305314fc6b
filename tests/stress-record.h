/* What the oracle knows of an object, and how it judges: see stress-record.c.  Private to the oracle. */
#ifndef STRESS_RECORD_H
#define STRESS_RECORD_H

#include <leash/leash.h>

#include "stress-shapes.h"

#define MAGIC UINT64_C(0x6c656173686f626a)
#define PARENTS 6
#define RECORDS 200000

struct record {
	struct managed *object;
	uint32_t number; /* the age: higher is younger */
	uint8_t kind;
	uint8_t room;    /* for tails */
	int external;
	int state;
	int finalized, closed;
	int immortal; /* 1: may be, 2: is */
	struct record *parents[PARENTS]; /* one entry for each field that refers to the object */
};
extern struct record records[RECORDS];
extern const leash_type kind_types[KINDS];

static inline void add(int *word, int n)
{
	__atomic_fetch_add(word, n, __ATOMIC_SEQ_CST);
}

/* Whether live parents hold the object. */
bool held_by_parents(const struct record *record);

/* One field of the parent refers to the object from now on; false when too many do already.  No longer. */
bool add_parent(struct record *record, struct record *parent);
void remove_parent(struct record *record, struct record *parent);

/* The record of an object that the library says is at its end. */
struct record *check_last(struct managed *object, const char *what);

/* Its fields.  Under their lock, where others have the object too; so the next two. */
struct managed **fields_of(struct managed *object, size_t *room);
/* The field's present value leaves it, as the record sees it. */
void forget(struct managed *p, struct managed *const *field);
struct managed *steal(struct managed *p, size_t field);

#endif
