/* The cycle collector.
 *
 * Counting cannot see that objects which only refer to each other are garbage.  The collector can: it looks at
 * objects that have lost a reference, or have been moved into a field, and lived on; follows their
 * fields; and reclaims the groups all of whose references come from within.  It runs on a thread of the
 * library's own and never stops the others, nor writes to a live object more than a bit of its header.
 *
 * Objects of three ages: a round of generation 0 looks at young ones, of generation 1 at those that have
 * survived one round too, of generation 2 (a full round) at all.  What a round finds alive it does not look at
 * again before it has changed or an older generation is due; what a full round finds alive, not before it has changed.
 *
 * Types without references, and those with LEASH_ACYCLIC, have no part in this and cost nothing.
 *
 * What a cycle's end looks like to its objects: all their close and finalize functions run first, on the
 * library's thread, while every field is intact; if after that the group is still garbage (none of them has been
 * brought back) its fields are emptied and its objects destroyed, in no particular order.
 *
 * Thread safety: all functions here may be called by any thread.  Those that ask for figures, or change what is frozen or
 * kept, wait for a round that runs.
 */
#ifndef LEASH_COLLECT_H
#define LEASH_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define LEASH_GENERATIONS 3 /* 0, 1 and 2 */

/* Collects now, whatever thresholds say and whether automatic collection is enabled, on the calling thread.  Returns
 * when a round of at least this generation (0, 1 or 2) that began after the call is over, and the finalizers it
 * called for have run: the number of objects reclaimed by it, and by the round that follows finalizers.  When the
 * library's thread for finalizers does not get on, this one runs them: call it without locks that they take.
 * 0 inside a close, finalize or destroy function; -EINVAL for a generation that does not exist;
 * -EDEADLK inside a read section of liburcu (bp flavour); -ENOMEM when there was not enough memory to look
 * at everything: nothing is lost, a later round will find it. */
long leash_collect(int generation);

/* Automatic collection, on at first. */
void leash_gc_enable(void);
/* No more rounds begin by themselves; one that runs ends.  Objects still die by count. */
void leash_gc_disable(void);
/* Whether rounds begin by themselves. */
bool leash_gc_is_enabled(void);

/* When automatic rounds happen.  threshold0: so many more objects with references have been born than have died
 * since the last round, 0: never; threshold1: so many rounds of generation 0 since the last of generation 1;
 * threshold2: the same of 1 and 2, and besides at least a quarter as many suspects are waiting as the last full
 * round visited objects that live.  700, 10 and 10 at first, or LEASH_OPTIONS=threshold:N for the first.
 * Negative numbers count as 0. */
void leash_gc_set_threshold(int threshold0, int threshold1, int threshold2);
/* What they are; NULL for those that are not wanted. */
void leash_gc_get_threshold(int *threshold0, int *threshold1, int *threshold2);

/* How far each is.  The first is a sum over threads that go on meanwhile.  NULL for those that are not wanted. */
void leash_gc_get_count(long *count0, long *count1, long *count2);

/* What the rounds of one generation have done since the program began. */
struct leash_gc_generation {
	uint64_t collections;   /* rounds */
	uint64_t collected;     /* objects reclaimed */
	uint64_t uncollectable; /* objects kept for leash_gc_garbage() */
	uint64_t rescued;       /* objects brought back by a finalizer */
	uint64_t visited;       /* objects looked at */
	uint64_t nanoseconds;   /* spent, by the collecting thread; no other thread waits meanwhile */
	uint64_t given_up;      /* rounds without enough memory, or that kept too much memory waiting */
};
/* What leash_gc_stats() fills in. */
typedef struct leash_gc_stats_t {
	struct leash_gc_generation generation[LEASH_GENERATIONS]; /* one for each */
	uint64_t snapshot_bytes_peak; /* the most memory that a round has used */
} leash_gc_stats_t;
/* What the rounds have done so far; a round that runs counts when it ends. */
void leash_gc_stats(leash_gc_stats_t *stats);

/* Takes all suspects there are, and all that they refer to, out of collections of every generation: they cost
 * nothing more, and what is garbage among them stays.  Before fork(), so that the child does not look at what
 * it shares with its parent.  Objects that nothing suspects are not looked at anyway.  They can still die by count.
 * 0; -ENOMEM, and then nothing has changed; and what leash_collect() says. */
int leash_gc_freeze(void);
/* Makes suspects of the oldest generation of them. */
void leash_gc_unfreeze(void);
/* How many objects are frozen. */
size_t leash_gc_frozen_count(void);

/* Whether the collector would ever look at the object.  False for NULL. */
bool leash_gc_is_tracked(const void *object);
/* Whether the object's finalizer has run or is running.  False for NULL. */
bool leash_gc_is_finalized(const void *object);

/* What a function hears of, registered by leash_gc_on_collection(): a round begins, or has ended. */
enum leash_gc_event {
	LEASH_GC_START, /* before it looks at anything */
	LEASH_GC_STOP,  /* it is over, but for finalizers that it has called for */
};
/* Such a function. */
typedef void leash_gc_fn(enum leash_gc_event event, int generation, long reclaimed, void *arg);

/* Has fn(event, generation, reclaimed, arg) called at the start and the stop of every round (`reclaimed` is 0 at the
 * start), by the thread that collects, which holds no lock that the program could want; it may use the library, but
 * leash_collect() inside it returns 0.  NULL: nobody.  When the call returns, the function registered before it
 * may still be running in another thread. */
void leash_gc_on_collection(leash_gc_fn *fn, void *arg);

/* Flags for looking for the origin of cycles; none is set at first. */

#define LEASH_GC_DEBUG_STATS 1u   /* one line on stderr for each round */
#define LEASH_GC_DEBUG_SAVEALL 2u /* what is found is kept for leash_gc_garbage() and not reclaimed */
/* Sets them all. */
void leash_gc_set_debug(unsigned flags);
/* Those that are set. */
unsigned leash_gc_get_debug(void);

/* Moves up to `number` of the references to kept garbage into `objects`, which the caller then owns, and returns how
 * many there are left besides; with `number` 0 just that. */
size_t leash_gc_garbage(void **objects, size_t number);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
