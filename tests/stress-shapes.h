/* What the objects of the stresses look like, whoever keeps the account of them (stress-record.c, stress-shadow.c).  Private
 * to the oracles. */
#ifndef STRESS_SHAPES_H
#define STRESS_SHAPES_H

#include <leash/leash.h>

#include "stress-oracle.h"

#define POISON UINT64_C(0xdeaddeaddeaddead) /* in place of the magic number, when an object has been destroyed */

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

extern unsigned resurrect; /* finalizers publish one in so many */

/* The trace function of traced ones. */
void shape_trace(void *payload, leash_visit_fn *visit, void *arg);

static inline int peek(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline bool once(int *word, int from)
{
	return __atomic_compare_exchange_n(word, &from, from + 1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

#endif
