/* Retain, release and the questions about a count, for the owner and for others, and the deaths that the
 * releasing thread finds by itself. */
#include <leash/leash.h>
#include <stdlib.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static const leash_type prompt_type = {
	.name = "prompt",
	.size = sizeof(struct mortal),
	.flags = LEASH_PROMPT,
	.destroy = mortal_destroy,
};

static void nothing(void)
{
	struct mortal *none = NULL;

	ok(leash_retain(none) == NULL, "retain(NULL) is NULL");
	ok((leash_retain)(none) == NULL, "also by the exported function");
	leash_release(none);
	(leash_release)(none);
	is_int((long long)leash_refcount(none), 0, "refcount(NULL) is 0");
	ok(leash_typeof(none) == NULL, "typeof(NULL) is NULL");
	leash_close(none);
	leash_retire(none, NULL);
	is_int(leash_shutdown(), 0, "nothing was made of NULL");
}

static void owner(void)
{
	struct obituary obituary = { 0 };
	struct mortal *m = mortal_new(&obituary);

	ok(leash_retain(m) == m, "retain returns its argument");
	ok((leash_retain)(m) == m, "also the exported function");
	is_int((long long)leash_refcount(m), 3, "each retain counts");
	is_int(local_count(m), 3, "the owner's in the local count");
	is_int(shared_count(m), 0, "and not in the shared one");
	ok(leash__header_of(m)->local & LEASH__LOCAL_TOUCHED, "a retain touches");
	ok(!leash_is_unique(m), "three references are not one");
	for (int i = 0; i < 100000; i++)
		leash_retain(m);
	is_int((long long)leash_refcount(m), 100003, "many count too");
	for (int i = 0; i < 100000; i++)
		leash_release(m);
	leash_release(m);
	is_int((long long)leash_refcount(m), 2, "each release counts");
	(leash_release)(m);
	is_int((long long)leash_refcount(m), 1, "also the exported function's");
	ok(leash_is_unique(m), "the last one is unique again");
	is_int(deaths(&obituary), 0, "an object with a reference lives");
	leash_release(m);
	is_int(deaths(&obituary), 1, "without one it dies at once");
	ok(died_here(&obituary), "on this thread");
	struct mortal *other = mortal_new(&obituary);
	(leash_release)(other);
	is_int(deaths(&obituary), 2, "the exported release finds the death too");
}

static struct baton baton = BATON;

/* Another thread's view of an object that the main thread owns. */
static void *stranger(void *argument)
{
	struct mortal *m = argument;

	is_int((long long)leash_refcount(m), 1, "a stranger reads the owner's count");
	ok(!leash_is_unique(m), "and cannot know that it is unique");
	ok(leash_typeof(m) == &mortal_type, "and reads the type");
	ok(!is_mine(m), "it is not the owner");
	ok(leash_retain(m) == m, "it may retain");
	is_int((long long)leash_refcount(m), 2, "which counts");
	is_int(shared_count(m), 1, "in the shared count");
	is_int(local_count(m), 1, "and not in the local one");
	ok(shared_word(m) & LEASH__TOUCHED, "and touches");
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	/* The owner has released its reference: merged, and one left, which is ours. */
	ok(is_merged(m) && owner_of(m) == LEASH__NOBODY, "the owner's last release merges the counts");
	is_int((long long)leash_refcount(m), 1, "the stranger's reference is left");
	ok(leash_is_unique(m), "and known to be the only one");
	is_int(deaths(m->obituary), 0, "the object lives");
	leash_retain(m);
	is_int((long long)leash_refcount(m), 2, "a merged object is retained");
	ok(!leash_is_unique(m), "and unique no more");
	leash_release(m);
	/* Now and then the background thread has the decrement in hand. */
	int exact = 0, unique = 0;
	for (int i = 0; i < 100; i++) {
		leash_release(leash_retain(m));
		exact += leash_refcount(m) == 1;
		unique += leash_is_unique(m);
	}
	ok(exact > 50, "one's own deferred decrement does not count (%d of 100)", exact);
	ok(unique > 50, "nor hide that a reference is unique (%d of 100)", unique);
	struct obituary *obituary = m->obituary;
	leash_release(m);
	is_int(deaths(obituary), 1, "its last release, seen by a stranger, is death at once");
	ok(died_here(obituary), "on the stranger's thread");
	return NULL;
}

static void owner_merges(void)
{
	struct obituary obituary = { 0 };
	struct mortal *m = mortal_new(&obituary);
	pthread_t thread = thread_start(stranger, m);

	baton_await(&baton, 1);
	is_int((long long)leash_refcount(m), 2, "the owner reads the stranger's reference");
	ok(!leash_is_unique(m), "so its own is not unique");
	leash_release(m);
	baton_pass(&baton, 2);
	thread_end(thread);
	is_int(deaths(&obituary), 1, "one death");
}

/* Two strangers at a merged object: whoever comes last sees the death, however the two interleave. */
static void *drop(void *argument)
{
	leash_release(argument);
	return NULL;
}

static void last_of_two(void)
{
	struct obituary obituary = { 0 };
	int rounds = SLOW ? 500 : 5000, promptly = 0;

	for (int i = 0; i < rounds; i++) {
		struct mortal *m = mortal_new(&obituary);

		leash_retain(m);
		leash_handoff(m);
		pthread_t one = thread_start(drop, m), two = thread_start(drop, m);
		thread_end(one);
		thread_end(two);
		promptly += deaths(&obituary) == i + 1;
		if (!WAIT_FOR(deaths(&obituary) == i + 1))
			break;
	}
	is_int(deaths(&obituary), rounds, "of two that drop the last two references one finds the death");
	diag("%d of %d deaths were seen when both threads had ended", promptly, rounds);
}

/* The owner with credits of strangers against it: the owner's release of its last reference may not
 * take the object from under a credit, nor leak it. */
static void *come_and_go(void *argument)
{
	for (int i = 0; i < 100; i++)
		leash_release(leash_retain((struct mortal *)argument));
	leash_release(argument);
	return NULL;
}

static void owner_leaves_first(void)
{
	struct obituary obituary = { 0 };
	int rounds = SLOW ? 300 : 3000;

	for (int i = 0; i < rounds; i++) {
		struct mortal *m = mortal_new(&obituary);
		pthread_t thread = thread_start(come_and_go, leash_retain(m));

		for (int j = 0; j < i % 50; j++)
			leash_release(leash_retain(m));
		leash_release(m);
		thread_end(thread);
	}
	eventually(deaths(&obituary) == rounds, "an owner that leaves first leaves an object that dies (%d)",
	   deaths(&obituary));
}

static void *prompt_stranger(void *argument)
{
	struct mortal *m = argument;
	struct obituary *obituary = m->obituary;
	bool counted = true, at_once = true, filed = false;

	for (int i = 0; i < 1000; i++) {
		leash_retain(m);
		counted &= shared_count(m) == 1 + is_merged(m);
		leash_release(m);
		at_once &= shared_count(m) == is_merged(m);
		filed |= credits_of(m) != 0;
	}
	ok(counted, "a prompt object is retained like others");
	ok(at_once, "and released in the call, not later");
	ok(!filed, "by no credit");
	if (is_merged(m)) {
		leash_release(m);
		is_int(deaths(obituary), 1, "it dies in the call that drops its last reference");
	}
	return NULL;
}

static void prompt(void)
{
	struct obituary obituary = { 0 };
	struct mortal *m = mortal_of(&prompt_type, &obituary);

	elsewhere(prompt_stranger, m);
	is_int((long long)leash_refcount(m), 1, "the owner's reference is left");
	leash_handoff(m);
	elsewhere(prompt_stranger, m);
	m = mortal_of(&prompt_type, &obituary);
	leash_retain(m);
	leash_release(m);
	leash_release(m);
	is_int(deaths(&obituary), 2, "the owner of a prompt object takes the short cut as well");
	m = mortal_of(&prompt_type, &obituary);
	elsewhere(drop, m);
	eventually(deaths(&obituary) == 3, "dropped by a stranger while owned, it dies a moment later");
}

/* One object and many threads: no reference is lost or found. */
static void *worker(void *argument)
{
	struct mortal *m = argument, *held[16] = { NULL };
	unsigned seed = (unsigned)(uintptr_t)&held;
	int loops = SLOW ? 20000 : 500000;

	for (int i = 0; i < loops; i++) {
		struct mortal **h = &held[rand_r(&seed) % 16];

		if (*h) {
			leash_release(*h);
			*h = NULL;
		} else {
			*h = leash_retain(m);
		}
	}
	for (int i = 0; i < 16; i++)
		leash_release(held[i]);
	leash_release(m);
	return NULL;
}

static void crowd(void)
{
	struct obituary obituary = { 0 };
	struct mortal *m = mortal_new(&obituary);
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		threads[i] = thread_start(worker, leash_retain(m));
	worker(leash_retain(m));
	for (int i = 0; i < 8; i++)
		thread_end(threads[i]);
	eventually(leash_refcount(m) == 1, "after a million counts by nine threads one reference is left (%zu)",
	   leash_refcount(m));
	is_int(deaths(&obituary), 0, "the object lives");
	leash_release(m);
	eventually(deaths(&obituary) == 1, "and dies with it");
}

int main(void)
{
	nothing();
	owner();
	owner_merges();
	last_of_two();
	owner_leaves_first();
	prompt();
	crowd();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
