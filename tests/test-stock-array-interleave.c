/* The collector reads arrays while their elements move.
 *
 * shifts   An array holds itself, and a thread holds it.  Each time when the collector has read the element, the thread
 *          inserts another in front of it, so that the reading, which goes on, finds the array a second time; then the
 *          thread moves it back.  Two references are found and two counted, in the snapshot and again in the
 *          first reading: as if the thread held nothing.  Only the touch of what is moved tells.
 * turns    One array holds another, which is empty.  The thread takes that out and gives it its own reference to the
 *          first: every count stays 1.  If it does so between the reading of one and that of the other, the
 *          collector sees two references.  Only the touch of what was taken out tells.
 */
#include <leash/leash.h>
#include <string.h>
#include "points.h"
#include "tap.h"
#include "threads.h"

#define ROUNDS 32

static struct baton wish = BATON, granted = BATON;
static int wishes, reads;
static __thread bool watching;
static bool collecting, going, extra[3]; /* whether the thread also moves before a reading */
static leash_array *held;
static void (*move)(void);

static void shift(void)
{
	if (leash_array_size(held) == 3)
		leash_array_remove(held, 0);
	else
		leash_array_insert(held, 0, NULL);
}

static void turn(void)
{
	leash_array *next = leash_array_pop(held);

	leash_array_append_take(next, held);
	held = next;
}

static void *mover(void *argument)
{
	(void)argument;
	held = leash_array_new();
	if (move == shift) {
		leash_array_append(held, held);
		/* So that the reading expects to find something behind it. */
		leash_array_append(held, NULL);
	} else {
		leash_array_append_take(held, leash_array_new());
	}
	baton_pass(&granted, 1);
	for (int i = 2;; i++) {
		baton_await(&wish, i);
		if (!__atomic_load_n(&going, __ATOMIC_ACQUIRE))
			break;
		if (collecting)
			move();
		else
			/* Something to look at. */
			leash_release(leash_retain(held));
		baton_pass(&granted, i);
	}
	is_int((long long)leash_refcount(held), move == shift ? 2 : 1, "what is held has its references");
	leash_release(held);
	return NULL;
}

static void order(void)
{
	int i = 1 + ++wishes;

	baton_pass(&wish, i);
	baton_await(&granted, i);
}

static void at_point(const char *name)
{
	static const char *const readings[] = { "collect: snapshot", "collect: first reading", "collect: second reading" };
	int i;

	if (!watching)
		return;
	for (i = 0; i < 3; i++) {
		if (strcmp(name, readings[i]) == 0) {
			reads = 0;
			if (extra[i] && move == turn)
				order();
		}
	}
	if (move == shift && strcmp(name, "collect: read a field") == 0 && ++reads <= 2)
		order();
	if (move == turn && ((strcmp(name, "collect: between the words") == 0 && ++reads == 2) ||
			     (strcmp(name, "collect: read one again") == 0 && ++reads == 2)))
		order();
}

static void scene(const char *what, void (*how)(void), long garbage)
{
	pthread_t thread;
	long reclaimed = 0;

	wish = granted = (struct baton)BATON;
	wishes = 0;
	move = how;
	going = true;
	thread = thread_start(mover, NULL);
	baton_await(&granted, 1);
	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < 3; k++)
			extra[k] = i >> k & 1;
		order();
		collecting = watching = true;
		reclaimed += leash_collect(2);
		collecting = watching = false;
	}
	ok(wishes > 2 * ROUNDS, "%s: %d of them beside the readings of %d rounds", what, wishes - ROUNDS, ROUNDS);
	is_int(reclaimed, 0, "nothing is reclaimed");
	__atomic_store_n(&going, false, __ATOMIC_RELEASE);
	baton_pass(&wish, 1 + ++wishes);
	thread_end(thread);
	is_int(leash_collect(2), garbage, "before it is dropped");
}

int main(void)
{
	lsh_point_hook = at_point;
	leash_gc_disable();
	scene("shifts", shift, 1);
	scene("turns", turn, 0);
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
