/* The cycle collector and the threads that made, shared and dropped what it finds: owners that are gone, blocked or
 * busy elsewhere, counts that are split between two words, and decrements that another thread has deferred.
 *
 * No thread has to call anything for a cycle to be found: all of them stand still while it is collected.
 */
#include <leash/leash.h>
#include <stdlib.h>
#include <unistd.h>
#include "header.h"
#include "knot.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define CREW 8

static struct obituary obituary;

static void expect(long reclaimed, int dead, const char *what)
{
	is_int(leash_collect(2), reclaimed, "%s: %ld reclaimed", what, reclaimed);
	eventually(deaths(&obituary) >= dead, "and dead");
	is_int(leash_collect(2), 0, "then nothing is left to reclaim");
	is_int(deaths(&obituary), dead, "and nothing dies twice or besides");
	obituary.deaths = 0;
}

/* A thread that makes a ring, or lends a hand with one, and then stands still until it is sent away. */
enum deed { MAKE, MAKE_CHAIN, MAKE_AND_DROP, DEFER, DROP, RETAIN_AND_DROP, HAND_OFF, ADOPT_AND_DROP };

struct helper {
	pthread_t thread;
	enum deed deed;
	bool in_read;
	int pipe[2];
	struct knot *knot; /* given or made */
	struct baton ready, leave;
};

static void do_deed(struct helper *helper)
{
	struct knot *knot = helper->knot;

	switch (helper->deed) {
	case MAKE:
	case MAKE_AND_DROP:
	case HAND_OFF:
		knot = ring(&obituary, 3);
		helper->knot = knot;
		if (helper->deed == HAND_OFF)
			leash_handoff(knot);
		if (helper->deed == MAKE_AND_DROP)
			leash_release(knot);
		break;
	case MAKE_CHAIN:
		helper->knot = chain(&obituary, 300);
		for (knot = helper->knot; knot->next; knot = knot->next)
			;
		leash_set_take(&knot->other, ring(&obituary, 3));
		break;
	case DEFER:
		leave_credit(knot);
		break;
	case DROP:
		leash_release(knot);
		break;
	case RETAIN_AND_DROP:
		for (int i = 0; i < 100; i++)
			leash_retain(knot);
		for (int i = 0; i < 101; i++)
			leash_release(knot);
		break;
	case ADOPT_AND_DROP:
		leash_adopt(knot);
		leash_release(leash_retain(knot));
		leash_release(knot);
		break;
	}
}

static void *help(void *argument)
{
	struct helper *helper = argument;
	char byte;

	do_deed(helper);
	baton_pass(&helper->ready, 1);
	if (!helper->in_read)
		baton_await(&helper->leave, 1);
	else if (read(helper->pipe[0], &byte, 1) != 1)
		bail_out("the pipe broke");
	return NULL;
}

static void call_helper(struct helper *helper, enum deed deed, bool in_read, struct knot *knot)
{
	*helper = (struct helper){
		.deed = deed, .in_read = in_read, .knot = knot, .ready = BATON, .leave = BATON,
	};
	if (pipe(helper->pipe))
		bail_out("no pipe");
	helper->thread = thread_start(help, helper);
	baton_await(&helper->ready, 1);
}

static void send_away(struct helper *helper)
{
	baton_pass(&helper->leave, 1);
	if (write(helper->pipe[1], "", 1) != 1)
		bail_out("the pipe broke");
	thread_end(helper->thread);
	close(helper->pipe[0]);
	close(helper->pipe[1]);
}

static void deferred(void)
{
	struct helper helper;
	struct knot *knot = ring(&obituary, 2);

	call_helper(&helper, DEFER, false, knot);
	leash_release(knot);
	expect(2, 2, "a pair with a decrement that another, idle thread has deferred");
	send_away(&helper);

	knot = ring(&obituary, 2);
	call_helper(&helper, DROP, false, knot);
	expect(2, 2, "a pair whose last reference another thread dropped");
	send_away(&helper);

	knot = ring(&obituary, 2);
	call_helper(&helper, RETAIN_AND_DROP, true, knot);
	expect(2, 2, "a pair that another thread counted and dropped");
	send_away(&helper);

	/* References that are not deferred but held. */
	knot = ring(&obituary, 2);
	leash_retain(knot);
	call_helper(&helper, DROP, false, knot);
	expect(0, 0, "a pair dropped by another thread and held by this one");
	leash_release(knot);
	expect(2, 2, "and dropped by this one too");
	send_away(&helper);

	knot = ring(&obituary, 2);
	leash_retain(knot->next);
	call_helper(&helper, MAKE, false, NULL);
	leash_set_take(&knot->other, helper.knot);
	leash_release(knot);
	expect(0, 0, "rings of two threads, linked, one node held");
	leash_release(knot->next);
	expect(5, 5, "and dropped");
	send_away(&helper);
}

static void owners(void)
{
	static const char *const where[] = { "waits for a lock", "sleeps in read()" };
	struct helper helper;

	for (int in_read = 0; in_read < 2; in_read++) {
		call_helper(&helper, MAKE, in_read, NULL);
		leash_release(helper.knot);
		expect(3, 3, "a ring dropped here");
		send_away(&helper);
		diag("its owner %s", where[in_read]);

		call_helper(&helper, MAKE_AND_DROP, in_read, NULL);
		expect(3, 3, "a ring dropped by its owner");
		send_away(&helper);
		diag("its owner %s", where[in_read]);
	}
	call_helper(&helper, MAKE, false, NULL);
	send_away(&helper);
	leash_release(helper.knot);
	expect(3, 3, "a ring dropped after its owner's end");
	call_helper(&helper, MAKE_AND_DROP, false, NULL);
	send_away(&helper);
	expect(3, 3, "a ring dropped at its owner's end");

	call_helper(&helper, HAND_OFF, true, NULL);
	leash_adopt(helper.knot);
	leash_release(helper.knot);
	expect(3, 3, "a ring whose head changed hands");
	send_away(&helper);

	struct knot *knot = ring(&obituary, 4);
	leash_handoff(knot);
	leash_handoff(knot->next);
	call_helper(&helper, ADOPT_AND_DROP, true, knot);
	expect(4, 4, "a ring that a blocked thread took over and dropped");
	send_away(&helper);

	/* Held by nobody but its blocked owner, who cannot give it up. */
	call_helper(&helper, MAKE, true, NULL);
	expect(0, 0, "a ring held by its blocked owner");
	ok(helper.knot->next->next->next == helper.knot, "is whole");
	leash_release(helper.knot);
	expect(3, 3, "until its reference is dropped");
	send_away(&helper);
}

/* A ring at the end of a chain that dies by count, but only when its owner has been asked. */
static void behind_a_death(bool ended)
{
	int missed = 0;

	for (int i = 0; i < 20; i++) {
		struct helper helper;

		call_helper(&helper, MAKE_CHAIN, true, NULL);
		if (ended)
			send_away(&helper);
		leash_release(helper.knot);
		missed += leash_collect(2) != 3;
		if (!ended)
			send_away(&helper);
		while (leash_collect(2) > 0)
			;
	}
	is_int(missed, 0, "rings that dying objects hold, whose owner %s, go in the same call",
	       ended ? "has ended" : "sleeps");
	eventually((leash_collect(2), deaths(&obituary) == 20 * 303), "all die, once");
	obituary.deaths = 0;
}

/* One ring of which each thread makes one node, and one they all write to. */
static struct knot *circle[CREW];
static struct baton turn = BATON;

static void *join_circle(void *argument)
{
	long seat = (long)(intptr_t)argument;

	circle[seat] = knot_new(&obituary);
	if (seat % 3 == 0)
		leash_handoff(circle[seat]);
	baton_pass(&turn, (int)seat + 1);
	baton_await(&turn, CREW + (int)seat);
	leash_set(&circle[seat]->next, circle[(seat + 1) % CREW]);
	leash_set(&circle[seat]->other, circle[(seat + CREW - 1) % CREW]);
	baton_pass(&turn, CREW + (int)seat + 1);
	baton_await(&turn, 3 * CREW);
	leash_release(circle[seat]);
	baton_pass(&turn, 3 * CREW + 1);
	if (seat % 2)
		baton_await(&turn, 4 * CREW);
	return NULL;
}

static void many_owners(void)
{
	pthread_t threads[CREW];

	for (int i = 0; i < CREW; i++) {
		threads[i] = thread_start(join_circle, (void *)(intptr_t)i);
		baton_await(&turn, i + 1);
	}
	baton_await(&turn, 2 * CREW);
	expect(0, 0, "a circle of eight threads' nodes, all held");
	leash_retain(circle[5]);
	baton_pass(&turn, 3 * CREW);
	for (int i = 0; i < CREW; i += 2)
		thread_end(threads[i]);
	eventually(leash_refcount(circle[7]) == 2 && leash_refcount(circle[1]) == 2 && leash_refcount(circle[3]) == 2,
		   "all but one drop theirs");
	expect(0, 0, "a circle of eight threads' nodes, one held");
	leash_release(circle[5]);
	expect(CREW, CREW, "a circle of eight threads' nodes, half of whom have ended");
	baton_pass(&turn, 4 * CREW);
	for (int i = 1; i < CREW; i += 2)
		thread_end(threads[i]);
}

/* A crowd of threads that come, make garbage of each kind, and go: nothing depends on who is still there. */
static void *passer_by(void *argument)
{
	struct knot *knot = ring(&obituary, 2);

	leash_set_take(&knot->other, leash_retain((struct knot *)argument));
	leash_release(leash_retain((struct knot *)argument));
	leash_release(knot);
	return NULL;
}

static void come_and_go(void)
{
	struct knot *known = knot_new(&obituary);

	for (int i = 0; i < 200; i++)
		elsewhere(passer_by, known);
	expect(400, 400, "two hundred threads' pairs, which refer to what is held");
	is_int((long long)leash_refcount(known), 1, "their references to it are gone with them");
	leash_release(known);
	expect(0, 1, "it");
}

/* The collecting thread is nobody's in particular. */
static void *collect_here(void *argument)
{
	*(long *)argument = leash_collect(2);
	return NULL;
}

static void collect_elsewhere(void)
{
	long result = -1;

	leash_release(ring(&obituary, 2));
	elsewhere(collect_here, &result);
	is_int(result, 2, "a thread that has never used an object collects");
	expect(0, 2, "what another dropped");

	pthread_t threads[CREW];
	long results[CREW], sum = 0;

	for (int i = 0; i < 100; i++)
		leash_release(ring(&obituary, 2));
	for (int i = 0; i < CREW; i++)
		threads[i] = thread_start(collect_here, &results[i]);
	for (int i = 0; i < CREW; i++) {
		thread_end(threads[i]);
		sum += results[i] < 0;
	}
	is_int(sum, 0, "several may collect at once");
	expect(0, 200, "and what there was is gone when they are done");
}

int main(void)
{
	leash_gc_disable();
	deferred();
	owners();
	behind_a_death(false);
	behind_a_death(true);
	many_owners();
	come_and_go();
	collect_elsewhere();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
