/* Deferred decrements: a stranger's second release is filed as a credit, and everything that may become of it: taken
 * back, evicted by another object, subtracted by leash_flush(), by the background thread, at thread exit, or
 * because there are too many.
 *
 * The background thread may take a table of credits at any moment, so what is said about one credit is tried
 * several times and must be seen once; what is said about counts must hold in the end, always. */
#include <leash/leash.h>
#include <stdlib.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define TRIES 1000

static struct obituary obituary;

/* An object that lives as long as the test wants, and is merged: no thread's own. */
static struct mortal *merged_new(void)
{
	struct mortal *m = mortal_new(&obituary);

	leash_handoff(m);
	return m;
}

static bool seen_filed(struct mortal *m)
{
	int before;
	bool asked;

	leash_flush();
	before = shared_count(m);
	leash_retain(m);
	leash_release(m);
	asked = credits_of(m) == 0 && shared_count(m) == before;
	leash_retain(m);
	leash_release(m);
	return asked && credits_of(m) == 1 && shared_count(m) == before + 1;
}

static bool seen_taken_back(struct mortal *m)
{
	bool filed = seen_filed(m);
	int before = shared_count(m);
	struct mortal *again = leash_retain(m);
	bool taken = filed && again == m && credits_of(m) == 0 && shared_count(m) == before;

	leash_release(again);
	return taken;
}

/* By inline code, and by the exported functions. */
static bool seen_counting(struct mortal *m)
{
	leash_flush();
	for (int i = 0; i < 11; i++)
		leash_retain(m);
	leash_release(m);
	int before = shared_count(m);
	for (int i = 0; i < 10; i++)
		i % 2 ? leash_release(m) : (leash_release)(m);
	bool filed = credits_of(m) == 10 && shared_count(m) == before;
	for (int i = 0; i < 7; i++)
		i % 2 ? leash_retain(m) : (leash_retain)(m);
	bool taken = credits_of(m) == 3 && shared_count(m) == before;
	for (int i = 0; i < 7; i++)
		leash_release(m);
	return filed && taken;
}

static bool ever(bool (*seen)(struct mortal *), struct mortal *m)
{
	for (int i = 0; i < TRIES; i++)
		if (seen(m))
			return true;
	return false;
}

static void file_and_take_back(struct mortal *m, const char *whose)
{
	int before;

	leash_flush();
	before = shared_count(m);
	ok(ever(seen_filed, m), "%s: a first release is subtracted, a second one filed as a credit", whose);
	ok(ever(seen_taken_back, m), "%s: and the next retain takes it back", whose);
	ok(ever(seen_counting, m), "%s: credits add up", whose);
	leash_flush();
	is_int(credits_of(m), 0, "%s: a flush leaves no credit", whose);
	is_int(shared_count(m), before, "%s: and the count is what it was", whose);
}

/* Objects whose credits want the same place. */
static void find_rivals(struct mortal **a, struct mortal **b)
{
	static struct leash__credit table[LEASH__CREDITS];
	struct mortal *at[LEASH__CREDITS] = { NULL };

	for (;;) {
		struct mortal *m = merged_new();
		long place = leash__credit_of(table, leash__header_of(m)) - table;

		if (at[place]) {
			*a = at[place];
			*b = m;
			at[place] = NULL;
			break;
		}
		at[place] = m;
	}
	for (unsigned i = 0; i < LEASH__CREDITS; i++)
		leash_release(at[i]);
}

static void evicted(void)
{
	struct mortal *a, *b;
	bool stays = false, seen = false;

	find_rivals(&a, &b);
	for (int i = 0; i < TRIES && !(stays && seen); i++) {
		leash_flush();
		for (int k = 0; k < 3; k++) {
			leash_retain(a);
			leash_retain(b);
			leash_retain(b);
		}
		for (int k = 0; k < 3; k++)
			leash_release(a);
		bool filed = credits_of(a) == 2 && shared_count(a) == 3;
		for (int k = 0; k < 4; k++) {
			leash_release(b);
			leash_release(leash_retain(a));
		}
		stays |= filed && credits_of(a) == 2 && shared_count(a) == 3 && credits_of(b) == 0 &&
			 shared_count(b) == 3;
		leash_release(b);
		leash_release(b);
		seen |= filed && credits_of(a) == 0 && credits_of(b) == 1 && shared_count(a) == 1 &&
			shared_count(b) == 2;
	}
	ok(stays, "a credit in use is not displaced by another object that wants its place");
	ok(seen, "one that is not is subtracted when the other asks again, all of it at once");
	leash_flush();
	is_int(shared_count(a), 1, "the evicted object has its count back");
	is_int(shared_count(b), 1, "and so has the other");

	/* Neither loses the other's references, and both die. */
	int before = deaths(&obituary);
	for (int i = 0; i < 100; i++) {
		struct mortal *c, *d;

		find_rivals(&c, &d);
		before = deaths(&obituary);
		leash_retain(c);
		leash_retain(c);
		leash_release(c);
		leash_release(c);
		leash_retain(d);
		leash_release(d);
		leash_release(d);
		leash_release(c);
		if (!WAIT_FOR(deaths(&obituary) == before + 2))
			break;
	}
	is_int(deaths(&obituary), before + 2, "rivals of one place both die");
	leash_release(a);
	leash_release(b);
}

static void too_many(void)
{
	struct mortal *m = merged_new();
	int many = (int)LEASH__CREDIT_MAX * 2 + 1000;
	uint64_t most = 0;

	for (int i = 0; i < many; i++)
		leash_retain(m);
	is_int(shared_count(m), 1 + many, "many retains without a credit are many additions");
	for (int i = 0; i < many; i++) {
		uint64_t credits;

		leash_release(m);
		credits = credits_of(m);
		if (credits > most)
			most = credits;
	}
	ok(most < LEASH__CREDIT_MAX, "credits stay below their limit (%llu)", (unsigned long long)most);
	ok(most > 1, "though they gather");
	leash_flush();
	is_int(shared_count(m), 1, "all of them are subtracted in the end");
	leash_release(m);
}

static void flush_kills(void)
{
	bool at_once = true;

	for (int i = 0; i < 100; i++) {
		struct mortal *m = merged_new();
		int before = deaths(&obituary);

		leash_retain(m);
		leash_release(m);
		leash_flush();
		if (shared_count(m) != 1)
			at_once = false;
		leash_release(m);
		at_once &= deaths(&obituary) == before + 1;
	}
	ok(at_once, "after a flush the last release finds the last reference");
	leash_flush();
	leash_flush();
	is_int(leash_shutdown(), 0, "a flush of nothing does nothing");
}

/* The holder has filed its decrement and sleeps; nobody calls the library. */
static struct baton baton = BATON;

static void *sleeper(void *argument)
{
	struct mortal *m = argument;

	leash_retain(m);
	leash_retain(m);
	leash_release(m);
	leash_release(m);
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	/* The table has come back, and works. */
	ok(ever(seen_taken_back, m), "a table that was taken away comes back");
	leash_flush();
	return NULL;
}

static void background(void)
{
	struct mortal *m = merged_new();
	pthread_t thread = thread_start(sleeper, m);

	baton_await(&baton, 1);
	eventually(shared_count(m) == 1, "the background thread subtracts the credits of a sleeping thread");
	baton_pass(&baton, 2);
	thread_end(thread);
	is_int(shared_count(m), 1, "once");
	leash_release(m);
}

static struct baton kill_baton = BATON;

/* Two threads hold the last two references; each files its own, so neither sees a last one. */
static void *last_sleeper(void *argument)
{
	struct mortal *m = argument;

	for (int i = 0; i < 3; i++)
		leash_retain(m);
	for (int i = 0; i < 4; i++)
		leash_release(m);
	baton_await(&kill_baton, 1);
	return NULL;
}

static void background_kills(void)
{
	struct mortal *m = mortal_new(&obituary);
	int before = deaths(&obituary);
	pthread_t one, two;

	leash_retain(m);
	leash_handoff(m);
	one = thread_start(last_sleeper, m);
	two = thread_start(last_sleeper, m);
	eventually(deaths(&obituary) == before + 1, "an object dies though all who had it sleep on their credits");
	baton_pass(&kill_baton, 1);
	thread_end(one);
	thread_end(two);
}

static void *leaver(void *argument)
{
	struct mortal **m = argument;

	for (int i = 0; i < 100; i++) {
		leash_retain(m[i]);
		leash_retain(m[i]);
		leash_release(m[i]);
		leash_release(m[i]);
	}
	return NULL;
}

static void thread_exit(void)
{
	struct mortal *m[100];
	int before = deaths(&obituary), wrong = 0;

	for (int i = 0; i < 100; i++)
		m[i] = merged_new();
	for (int i = 0; i < 50; i++)
		elsewhere(leaver, m);
	for (int i = 0; i < 100; i++)
		wrong += !WAIT_FOR(shared_count(m[i]) == 1);
	is_int(wrong, 0, "threads that end leave no credit behind");
	for (int i = 0; i < 100; i++)
		leash_release(m[i]);
	eventually(deaths(&obituary) == before + 100, "their objects die");
}

static void *owned_stranger(void *argument)
{
	file_and_take_back(argument, "an owned object");
	return NULL;
}

int main(void)
{
	struct mortal *mine = mortal_new(&obituary), *nobodys = merged_new();

	file_and_take_back(nobodys, "a merged object");
	elsewhere(owned_stranger, mine);
	leash_release(mine);
	leash_release(nobodys);
	is_int(deaths(&obituary), 2, "both die with their last reference");
	evicted();
	too_many();
	flush_kills();
	background();
	background_kills();
	thread_exit();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
