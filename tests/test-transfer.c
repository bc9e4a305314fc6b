/* Counts that move: handoff, adopt, immortal objects, and words that overflow. */
#include <leash/leash.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static void *expect_prompt_death(void *argument)
{
	int before = deaths(&obituary);

	leash_release(argument);
	is_int(deaths(&obituary), before + 1, "after a handoff the receiver's release is death at once");
	ok(died_here(&obituary), "on the receiver's thread");
	return NULL;
}

static void *no_handoff(void *argument)
{
	struct mortal *m = argument;

	leash_handoff(m);
	ok(!is_merged(m), "the handoff of another thread's object does nothing");
	return NULL;
}

static void handoff(void)
{
	struct mortal *m = mortal_new(&obituary);

	elsewhere(no_handoff, m);
	ok(is_mine(m), "so the owner stays");
	leash_handoff(m);
	ok(is_merged(m) && owner_of(m) == LEASH__NOBODY, "a handoff merges");
	is_int(shared_count(m), 1, "all counts in the shared word");
	is_int(local_count(m), 0, "none in the local one");
	is_int((long long)leash_refcount(m), 1, "as many as before");
	ok(leash_is_unique(m), "the only one is known as such");
	leash_handoff(m);
	is_int((long long)leash_refcount(m), 1, "a second handoff does nothing");
	elsewhere(expect_prompt_death, m);
	m = mortal_new(&obituary);
	for (int i = 0; i < 41; i++)
		leash_retain(m);
	leash_handoff(m);
	is_int((long long)leash_refcount(m), 42, "many references are handed off together");
	ok(shared_word(m) & LEASH__TOUCHED, "counts that move touch");
	for (int i = 0; i < 41; i++)
		leash_release(m);
	leash_flush();
	is_int((long long)leash_refcount(m), 1, "and subtracted one by one");
	leash_release(m);
	is_int(deaths(&obituary), 2, "to the last");
}

static void *adopter(void *argument)
{
	struct mortal *m = argument;
	int before = deaths(&obituary);

	ok(leash_adopt(m), "the receiver of the only reference can adopt");
	ok(is_mine(m) && !is_merged(m), "and is the owner then");
	is_int(local_count(m), 1, "with a reference in the local count");
	is_int(shared_count(m), 0, "and none in the shared one");
	ok(leash__header_of(m)->local & LEASH__LOCAL_TOUCHED, "counts that move touch");
	ok(leash_adopt(m), "who is the owner has adopted");
	is_int((long long)leash_refcount(m), 1, "which counts nothing");
	leash_release(leash_retain(m));
	is_int((long long)leash_refcount(m), 1, "the new owner counts");
	leash_release(m);
	is_int(deaths(&obituary), before + 1, "and takes the short cut at death");
	return NULL;
}

static void *refused(void *argument)
{
	ok(!leash_adopt(argument), "another thread's object cannot be adopted");
	ok(!is_mine(argument), "and stays its owner's");
	return NULL;
}

static void *keep(void *argument)
{
	return leash_retain((struct mortal *)argument);
}

static void adopt(void)
{
	struct mortal *m = mortal_new(&obituary);
	struct leash__header *h = leash__header_of(m);

	ok(leash_adopt(m), "one's own object has been adopted");
	elsewhere(refused, m);
	leash_handoff(m);
	ok(leash_is_unique(m) && leash_adopt(m) && is_mine(m), "what was handed off can be taken back");
	leash_handoff(m);
	elsewhere(keep, m);
	ok(!leash_adopt(m), "with two references there is no adoption");
	ok(is_merged(m) && leash_refcount(m) == 2, "and nothing changes");
	bool refused_all = true;
	for (int count = 3; count < 10; count++) {
		leash_retain(m);
		refused_all &= !leash_adopt(m) && is_merged(m);
	}
	ok(refused_all, "nor with three or nine");
	for (int count = 3; count < 10; count++)
		leash_release(m);
	leash_release(m);
	leash_flush();
	/* Only the background thread sets and clears the flag, while it takes an object from its owner. */
	__atomic_fetch_or(&h->shared, LEASH__PENDING, __ATOMIC_ACQ_REL);
	ok(!leash_adopt(m), "nor while a revocation is pending");
	ok(is_merged(m) && shared_count(m) == 1, "and nothing changes either");
	__atomic_fetch_and(&h->shared, ~LEASH__PENDING, __ATOMIC_ACQ_REL);
	elsewhere(adopter, m);
	is_int(deaths(&obituary), 3, "one death more");
}

/* An object goes round between two threads, handed off, adopted, counted and handed off again. */
struct round {
	struct mortal *object;
	struct baton *baton;
	int first;
	int adopted;
};

static void *player(void *argument)
{
	struct round *round = argument;

	for (int step = round->first; step < 2000; step += 2) {
		baton_await(round->baton, step);
		round->adopted += leash_adopt(round->object);
		leash_release(leash_retain(round->object));
		leash_handoff(round->object);
		baton_pass(round->baton, step + 1);
	}
	return NULL;
}

static void ping_pong(void)
{
	struct baton baton = BATON;
	struct mortal *m = mortal_new(&obituary);
	struct round one = { m, &baton, 0, 0 }, two = { m, &baton, 1, 0 };
	int before = deaths(&obituary);

	leash_handoff(m);
	pthread_t a = thread_start(player, &one), b = thread_start(player, &two);
	thread_end(a);
	thread_end(b);
	is_int(one.adopted, 1000, "an object that goes round is adopted every time");
	is_int(two.adopted, 1000, "by both");
	leash_release(m);
	is_int(deaths(&obituary), before + 1, "and dies in the end");
}

static void *use_immortal(void *argument)
{
	struct mortal *m = argument;

	for (int i = 0; i < 1000; i++)
		leash_release(m);
	for (int i = 0; i < 1000; i++)
		leash_retain(m);
	leash_flush();
	return NULL;
}

static void immortal(void)
{
	static struct mortal *ours, *received;
	int before = deaths(&obituary);

	ours = mortal_new(&obituary);
	leash_retain(ours);
	leash_immortalize(ours);
	ok(leash_refcount(ours) == SIZE_MAX, "an immortal object has no number of references");
	leash_release(ours);
	for (int i = 0; i < 1000; i++)
		leash_release(ours);
	ok(leash_retain(ours) == ours, "it is retained");
	ok(!leash_is_unique(ours), "it is never one's own");
	ok(!leash_adopt(ours), "nor adopted");
	elsewhere(use_immortal, ours);
	is_int(deaths(&obituary), before, "it does not die, whoever releases it");
	ok(leash_refcount(ours) == SIZE_MAX, "nor does it count");

	received = mortal_new(&obituary);
	leash_handoff(received);
	leash_immortalize(received);
	ok(leash_refcount(received) == SIZE_MAX, "a merged object can become immortal");
	elsewhere(use_immortal, received);
	is_int(leash_shutdown(), 0, "the end does not count immortal objects");
	is_int(deaths(&obituary), before, "nor kill them");
	leash_immortalize(ours);
	ok(leash_refcount(ours) == SIZE_MAX, "immortal is immortal");
}

static void *immortalize(void *argument)
{
	leash_immortalize(argument);
	ok(leash_refcount(argument) == SIZE_MAX, "another thread than the owner can make an object immortal");
	return NULL;
}

static void immortal_by_stranger(void)
{
	static struct mortal *m;
	int before = deaths(&obituary);

	m = mortal_new(&obituary);
	elsewhere(immortalize, leash_retain(m));
	ok(leash_refcount(m) == SIZE_MAX, "as its owner sees");
	leash_release(m);
	for (int i = 0; i < 10; i++)
		leash_release(m);
	leash_retain(m);
	is_int(leash_shutdown(), 0, "it is not counted at the end");
	is_int(deaths(&obituary), before, "and does not die");
}

static void local_overflow(void)
{
	struct mortal *m = mortal_new(&obituary);
	struct leash__header *h = leash__header_of(m);
	int before = deaths(&obituary);
	const long long full = UINT32_MAX >> 1, held = 12;

	/* As if this thread held all these references. */
	h->local = (uint32_t)(full - 5) << 1;
	for (int i = 1; i < held; i++)
		leash_retain(m);
	is_int((long long)leash_refcount(m), full - 5 + held - 1, "beyond a full local count no reference is lost");
	ok(shared_count(m) > 0, "some have moved to the shared count");
	ok(local_count(m) + (long long)shared_count(m) == full - 5 + held - 1, "the sum is right");
	ok(is_mine(m), "the owner stays");
	ok(shared_word(m) & LEASH__TOUCHED, "counts that move touch");
	/* Leave no more than are held, in both words. */
	__atomic_fetch_sub(&h->shared, (uint64_t)(shared_count(m) - 5) << LEASH__COUNT_SHIFT, __ATOMIC_ACQ_REL);
	h->local = (uint32_t)(held - 5) << 1;
	is_int((long long)leash_refcount(m), held, "twelve are held");
	for (int i = 1; i < held; i++)
		leash_release(m);
	leash_flush();
	is_int((long long)leash_refcount(m), 1, "they are given back from both words");
	is_int(deaths(&obituary), before, "the last one keeps the object");
	leash_release(m);
	is_int(deaths(&obituary), before + 1, "and its release is death");
}

/* Scene: the shared count is driven over its limit, by a stranger or by the owner. */
static int overflow_shared(bool owned)
{
	static struct mortal *m;
	struct leash__header *h;

	m = mortal_new(&obituary);
	h = leash__header_of(m);
	if (!owned)
		leash_handoff(m);
	__atomic_fetch_add(&h->shared, UINT64_C(0x5ffffff0) << LEASH__COUNT_SHIFT, __ATOMIC_ACQ_REL);
	for (int round = 0; round < 10; round++) {
		if (owned)
			h->local = UINT32_MAX - 1;
		for (int i = 0; i < 100; i++)
			if (leash_retain(m) != m)
				return 1;
	}
	if (leash_refcount(m) != SIZE_MAX)
		return 2;
	for (int i = 0; i < 10000; i++)
		leash_release(m);
	elsewhere(use_immortal, m);
	if (leash_refcount(m) != SIZE_MAX || deaths(&obituary))
		return 3;
	return leash_shutdown() == 0 ? 0 : 4;
}

static void shared_overflow(void)
{
	static const char *scenes[] = { "stranger", "owner" };

	for (int i = 0; i < 2; i++) {
		struct outcome o;

		play(&o, scenes[i], NULL);
		ok(o.status == 0, "a shared count that is full, by the %s: the object is immortal (%d, %d)", scenes[i],
		   o.status, o.signal);
		is_int(o.err_lines, 1, "and the library says so, once");
		ok(strstr(o.err, "mortal") != NULL, "and names the type: %s", o.err);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return overflow_shared(strcmp(argv[1], "owner") == 0);
	handoff();
	adopt();
	ping_pong();
	immortal();
	immortal_by_stranger();
	local_overflow();
	shared_overflow();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
