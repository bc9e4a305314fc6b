/* The cycle collector's readings, with a thread that moves references about at chosen moments between them.
 *
 * A pair of which one refers to the other, and a thread that holds the first.  The thread turns the edge round by nothing but
 * moves: it steals the reference, and puts its own in the other's field.  Every count stays 1.  If it does so between the
 * reading of one and that of the other, the collector sees two edges, and no reference from outside: only that a
 * reference was taken out of a field, which the object's touched bit tells, shows that the pair is alive.
 */
#include <leash/leash.h>
#include <string.h>
#include "knot.h"
#include "points.h"
#include "tap.h"
#include "threads.h"

#define ROUNDS 64

static struct obituary obituary;
static struct baton wish = BATON, granted = BATON;
static int wishes, nodes_read;
static bool reading, extra[2]; /* whether the thread also turns the edge round before a reading */
static struct knot *held;

static void *turner(void *argument)
{
	held = knot_new(&obituary);
	leash_set_take(&held->next, knot_new(&obituary));
	baton_pass(&granted, 1);
	for (int i = 2;; i++) {
		struct knot *next;

		baton_await(&wish, i);
		if (__atomic_load_n(&reading, __ATOMIC_ACQUIRE) == false)
			break;
		next = leash_steal(&held->next);
		knot_check(held);
		knot_check(next);
		leash_set_take(&next->next, held);
		held = next;
		baton_pass(&granted, i);
	}
	leash_release(held);
	baton_pass(&granted, 1 << 20);
	return argument;
}

static void turn(void)
{
	int i = 1 + ++wishes;

	baton_pass(&wish, i);
	baton_await(&granted, i);
}

static __thread bool collecting;

static void at_point(const char *name)
{
	if (!collecting)
		return;
	if (strcmp(name, "collect: snapshot") == 0 || strcmp(name, "collect: first reading") == 0) {
		nodes_read = 0;
		if (extra[name[9] == 'f'])
			turn();
	} else if (strcmp(name, "collect: between the words") == 0 && ++nodes_read == 2) {
		turn();
	}
}

int main(void)
{
	pthread_t thread;
	long reclaimed = 0;
	int turns;

	lsh_point_hook = at_point;
	leash_gc_disable();
	__atomic_store_n(&reading, true, __ATOMIC_RELEASE);
	thread = thread_start(turner, NULL);
	baton_await(&granted, 1);
	collecting = true;
	for (int i = 0; i < ROUNDS; i++) {
		extra[0] = i & 1;
		extra[1] = i & 2;
		turn();
		reclaimed += leash_collect(2);
	}
	collecting = false;
	turns = wishes;
	ok(turns > ROUNDS, "an edge is turned round %d times, between the readings of %d rounds too", turns, ROUNDS);
	is_int(reclaimed, 0, "nothing is reclaimed");
	is_int(deaths(&obituary), 0, "and nothing dies");
	__atomic_store_n(&reading, false, __ATOMIC_RELEASE);
	baton_pass(&wish, 1 + ++wishes);
	thread_end(thread);
	leash_collect(2);
	eventually(deaths(&obituary) == 2, "before it is dropped");
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
