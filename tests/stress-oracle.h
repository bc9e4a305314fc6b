/* Operations on managed objects that check themselves against an exact count of references: see stress-oracle.c. */
#ifndef STRESS_ORACLE_H
#define STRESS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SEEN ones have a destroy function and so are seen to die; PLAIN ones take the shortest ways of the library. */
enum kind {
	PLAIN_LEAF,
	SEEN_LEAF,
	PLAIN_NODE,  /* three fields */
	SEEN_NODE,
	PLAIN_TAIL,  /* a tail of references */
	SEEN_TAIL,
	TRACED,      /* references in a buffer that is replaced and retired */
	PROMPT_LEAF, /* LEASH_PROMPT, seen */
	PROMPT_NODE, /* LEASH_PROMPT, plain */
	FINALIZED,   /* three fields; its finalizer plays with it and may publish it */
	CLOSING,     /* a close function */
	LARGE_LEAF,  /* too large for magazines, plain */
	KINDS
};

struct record;
struct managed {
	uint64_t magic;
	struct record *record; /* unmanaged, and whole after the object's death */
};

/* A new object of which the caller holds the one reference; NULL when the round has had enough of them.  `room` is the
 * number of references where the kind leaves it open. */
struct managed *oracle_new(enum kind kind, size_t room);

enum kind oracle_kind(const struct managed *object);

/* How many references it has room for. */
size_t oracle_room(const struct managed *object);

/* The library's functions of these names.  The caller holds a reference to each object. */
struct managed *oracle_retain(struct managed *object);
void oracle_release(struct managed *object);
void oracle_handoff(struct managed *object);
bool oracle_adopt(struct managed *object);
void oracle_close(struct managed *object);
void oracle_immortalize(struct managed *object); /* a leaf; the reference is consumed */
/* Ask for count, uniqueness and type, and check the answers. */
void oracle_ask(const struct managed *object);

/* Fields of p by their number, below oracle_room(p).  They lock the object's fields, so that any thread may
 * use them.  set and take do nothing and return false if they would close a cycle (a value may not be
 * younger than its holder) or too many hold the value already; take consumes the reference only on success. */
bool oracle_set(struct managed *p, size_t field, struct managed *value);
bool oracle_set_take(struct managed *p, size_t field, struct managed *value);
struct managed *oracle_get(struct managed *p, size_t field);
struct managed *oracle_steal(struct managed *p, size_t field);
void oracle_clear(struct managed *p, size_t field);
/* Makes a TRACED object's buffer larger or smaller by a few empty places. */
void oracle_rebuild(struct managed *p);

/* Checks that the object lives and is what it says, and returns it. */
struct managed *oracle_check(const struct managed *object);

/* Mailboxes, where threads leave references for each other. */
#define MAILBOXES 48
struct managed *mailbox_exchange(unsigned number, struct managed *object); /* reference for reference */
struct managed *mailbox_peek(unsigned number); /* a new reference to what lies there */
void mailbox_empty_all(void);
bool mailbox_any(void);

/* Begins a round in which finalizers publish one in so many objects (0: none). */
void oracle_begin(unsigned resurrect_one_in);

/* Objects made in this round, and how many of them are still in memory. */
size_t oracle_made(void);
long oracle_alive(void);

/* At the end of a round, with no other thread of the test about and no reference held: empties the mailboxes, shuts the library
 * down, and checks that nothing is left. */
void oracle_end(void);

/* Ends the program with a remark. */
void oracle_fail(const void *object, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
