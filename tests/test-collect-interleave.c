/* The cycle collector's readings, with a thread that moves about at chosen moments between them.
 *
 * Two objects and a thread that holds one of them; a third one hangs on one of the two.  Three ways to have every count and every field look, whenever it is
 * read, as if no reference came from outside:
 *
 * turns    One refers to the other.  The thread steals that reference and puts its own in the other's field: every
 *          count stays 1.  If it does so between the reading of one and that of the other, the collector sees
 *          two edges.  Only the touched bit of what was stolen tells.
 * hops     Each refers to the other.  The thread takes a reference from the field of the one it holds, and drops the one it
 *          held: it is always on the one that is not being read.  Only the touched bit of the retain tells: the
 *          owner's in the local word,
 * strangers' hops   or, when nobody owns the objects, in the shared one.
 */
#include <leash/leash.h>
#include <string.h>
#include "knot.h"
#include "points.h"
#include "tap.h"
#include "threads.h"

#define ROUNDS 64

/* A stranger's release is applied at once, so that no credit is seen. */
static const leash_type prompt_type = {
	.name = "prompt knot",
	.size = sizeof(struct knot),
	.flags = LEASH_PROMPT,
	LEASH_FIELDS(struct knot, next, other, load),
	.destroy = knot_destroy,
};

static struct obituary obituary;
static struct baton wish = BATON, granted = BATON;
static int wishes, nodes_read;
static bool going, strangers;
static bool extra[3], beside[3]; /* whether the thread moves before a reading, and in the middle of it */
static int reading;
static struct knot *held;
static void (*move)(void);

static void turn(void)
{
	struct knot *next = leash_steal(&held->next);

	knot_check(held);
	knot_check(next);
	leash_set_take(&next->next, held);
	held = next;
}

static void hop(void)
{
	struct knot *next = leash_get(&held->next);

	knot_check(held);
	knot_check(next);
	leash_release(held);
	held = next;
}

static void *mover(void *argument)
{
	const leash_type *type = argument;

	held = knot_of(type ? type : &knot_type, &obituary);
	leash_set_take(&held->next, knot_of(type ? type : &knot_type, &obituary));
	if (move == hop)
		leash_set(&held->next->next, held);
	/* It hangs on the one that is left behind, and nobody touches it. */
	leash_set_take(&held->other, knot_of(type ? type : &knot_type, &obituary));
	if (type) {
		leash_handoff(held->other);
		leash_handoff(held->next);
		leash_handoff(held);
	}
	baton_pass(&granted, 1);
	for (int i = 2;; i++) {
		baton_await(&wish, i);
		if (!__atomic_load_n(&going, __ATOMIC_ACQUIRE))
			break;
		move();
		baton_pass(&granted, i);
	}
	leash_release(held);
	return NULL;
}

static void order(void)
{
	int i = 1 + ++wishes;

	baton_pass(&wish, i);
	baton_await(&granted, i);
}

static __thread bool collecting;

static void at_point(const char *name)
{
	static const char *const readings[] = { "collect: snapshot", "collect: first reading", "collect: second reading" };

	if (!collecting)
		return;
	for (int i = 0; i < 3; i++) {
		if (strcmp(name, readings[i]) == 0) {
			nodes_read = 0;
			reading = i;
			if (extra[i])
				order();
		}
	}
	/* Between the counts of one and of the other: strangers' count is in the word that is read first. */
	if (((strcmp(name, "collect: between the words") == 0 && ++nodes_read == (strangers ? 1 : 2)) ||
	     (strcmp(name, "collect: read one again") == 0 && ++nodes_read == 2)) && beside[reading])
		order();
}

static void scene(const char *what, void (*how)(void), const leash_type *type)
{
	pthread_t thread;
	long reclaimed = 0;
	int before = deaths(&obituary), between;

	wish = granted = (struct baton)BATON;
	wishes = 0;
	move = how;
	strangers = type != NULL;
	__atomic_store_n(&going, true, __ATOMIC_RELEASE);
	thread = thread_start(mover, (void *)(uintptr_t)type);
	baton_await(&granted, 1);
	collecting = true;
	for (int i = 0; i < ROUNDS; i++) {
		/* In the first rounds beside all readings, later beside some. */
		for (int k = 0; k < 3; k++) {
			extra[k] = i >> k & 1;
			beside[k] = !(i >> (3 + k) & 1);
		}
		order();
		reclaimed += leash_collect(2);
	}
	collecting = false;
	between = wishes - ROUNDS;
	/* Half of the rounds have one before the snapshot, half one in the middle of it; some get as far as the second reading. */
	ok(between > ROUNDS, "%s: %d of them beside the readings of %d rounds", what, between,
	   ROUNDS);
	is_int(reclaimed, 0, "nothing is reclaimed");
	is_int(deaths(&obituary), before, "and nothing dies");
	__atomic_store_n(&going, false, __ATOMIC_RELEASE);
	baton_pass(&wish, 1 + ++wishes);
	thread_end(thread);
	leash_collect(2);
	eventually(deaths(&obituary) == before + 3, "before it is dropped");
}

int main(void)
{
	lsh_point_hook = at_point;
	leash_gc_disable();
	scene("turns", turn, NULL);
	scene("hops", hop, NULL);
	scene("strangers' hops", hop, &prompt_type);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
