/* What a thread of a stress does with one object or another that it holds: see stress-acts.c. */
#ifndef STRESS_ACTS_H
#define STRESS_ACTS_H

#include <stdbool.h>

#include "stress-oracle.h"

/* Acts that every stress has.  Its own follow, from COMMON_ACTS on; it makes objects itself, too. */
enum {
	MAKE,
	DROP,
	DUPLICATE,
	HAMMER,
	TRADE,
	SEND,
	RECEIVE,
	PEEK,
	STORE,
	MOVE_IN,
	COPY_OUT,
	MOVE_OUT,
	CLEAR,
	REBUILD,
	ASK,
	ADOPT,
	CLOSE,
	FLUSH,
	NAP,
	IMMORTALIZE,
	COMMON_ACTS
};

#define PLACES_MOST 24

/* What a thread holds: a reference in each of so many places, or NULL. */
struct hands {
	unsigned places;
	struct managed *held[PLACES_MOST];
};

/* One of several, by their weights, of which the sum is given. */
unsigned pick(const unsigned *weights, unsigned sum);

struct managed **place(struct hands *hands);

/* Some place with something in it, if there is one. */
struct managed **full_place(struct hands *hands);

/* Puts a reference into a place and gives up what was there. */
void put(struct managed **where, struct managed *object);

/* Does a common act that needs no object in hand; false for other acts. */
bool act_empty_handed(unsigned act, struct hands *hands);

/* Does any other common act, with the object in that place, which is not empty. */
void act_with(unsigned act, struct managed **where, struct hands *hands);

#endif
