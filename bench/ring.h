/* A ring: live objects of which each reaches all others, in the order in which they were made.
 *
 * Its objects have two fields, to the next and to the one before, and nothing else.
 */
#ifndef BENCH_RING_H
#define BENCH_RING_H

struct ring {
	struct ring *next, *before;
};

/* A ring of so many; the caller holds one reference, which keeps all of it. */
struct ring *ring_new(long objects);

/* Drops the ring and collects it. */
void ring_drop(struct ring *ring);

#endif
