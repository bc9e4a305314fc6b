/* Objects that leave the thread that made them and die elsewhere, without that thread's help: it may sleep for
 * ever, be blocked in the kernel, be busy with the same objects, or be gone. */
#include <leash/leash.h>
#include <stdlib.h>
#include <unistd.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define MANY (SLOW ? 10000 : 100000)

struct link {
	struct link *next;
	struct mortal *load;
};

static const leash_type link_type = {
	.name = "link",
	.size = sizeof(struct link),
	LEASH_FIELDS(struct link, next, load),
};

static struct obituary obituary;

/* A thread that makes what it is told to, hands it out without a word to the library, and does not come
 * back before the test lets it. */
struct maker {
	void *(*make)(void);
	void *made;
	int pipe[2]; /* blocks in a read of it, if it is one */
	struct baton baton;
};

static void *maker_run(void *argument)
{
	struct maker *maker = argument;
	char byte;

	maker->made = maker->make();
	baton_pass(&maker->baton, 1);
	if (maker->pipe[0])
		ok(read(maker->pipe[0], &byte, 1) == 1, "the maker comes back from read()");
	else
		baton_await(&maker->baton, 2);
	return NULL;
}

static void *make_one(void)
{
	return mortal_new(&obituary);
}

static void *make_held(void)
{
	struct mortal *m = mortal_new(&obituary);

	for (int i = 0; i < 9; i++)
		leash_retain(m);
	return m;
}

static void *make_many(void)
{
	struct mortal **many = calloc((size_t)MANY, sizeof *many);

	for (int i = 0; i < MANY; i++)
		many[i] = mortal_new(&obituary);
	return many;
}

static void *make_list(void)
{
	struct link *list = NULL;

	for (int i = 0; i < MANY; i++) {
		struct link *link = leash_new(&link_type);

		link->load = mortal_new(&obituary);
		link->next = list;
		list = link;
	}
	return list;
}

static pthread_t begin(struct maker *maker)
{
	pthread_t thread = thread_start(maker_run, maker);

	baton_await(&maker->baton, 1);
	return thread;
}

static void end(struct maker *maker, pthread_t thread)
{
	if (maker->pipe[0] && write(maker->pipe[1], "x", 1) != 1)
		bail_out("no pipe");
	baton_pass(&maker->baton, 2);
	thread_end(thread);
}

static void sleeping(void)
{
	struct maker maker = { .make = make_one, .baton = BATON };
	pthread_t thread = begin(&maker);
	int before = deaths(&obituary);

	ok(!is_mine(maker.made) && !is_merged(maker.made), "a received object is its maker's");
	leash_release(maker.made);
	eventually(deaths(&obituary) == before + 1, "it dies though its owner sleeps");
	end(&maker, thread);
	is_int(deaths(&obituary), before + 1, "once");
}

static void blocked(void)
{
	struct maker maker = { .make = make_one, .baton = BATON };
	int before = deaths(&obituary);

	if (pipe(maker.pipe))
		bail_out("no pipe");
	pthread_t thread = begin(&maker);
	leash_release(maker.made);
	eventually(deaths(&obituary) == before + 1, "it dies though its owner is blocked in read()");
	end(&maker, thread);
	close(maker.pipe[0]);
	close(maker.pipe[1]);
}

/* Ten references counted by the owner, released by us one after the other. */
static void borrowed_counts(void)
{
	struct maker maker = { .make = make_held, .baton = BATON };
	pthread_t thread = begin(&maker);
	int before = deaths(&obituary);
	bool counts = true;

	for (int left = 10; left > 1; left--) {
		leash_release(maker.made);
		leash_flush();
		counts &= WAIT_FOR(leash_refcount(maker.made) == (size_t)left - 1);
	}
	ok(counts, "references that the owner counted are subtracted elsewhere");
	is_int(deaths(&obituary), before, "the last one keeps the object");
	eventually(is_merged(maker.made), "which has been taken from its owner");
	ok(leash_is_unique(maker.made), "and is known to be unique");
	leash_release(maker.made);
	is_int(deaths(&obituary), before + 1, "so that its last release is its death");
	end(&maker, thread);
}

static void many(void)
{
	struct maker maker = { .make = make_many, .baton = BATON };
	pthread_t thread = begin(&maker);
	struct mortal **made = maker.made;
	int before = deaths(&obituary);

	for (int i = 0; i < MANY; i++)
		leash_release(made[i]);
	eventually(deaths(&obituary) == before + MANY, "%d received objects die (%d)", MANY,
	   deaths(&obituary) - before);
	end(&maker, thread);
	free(made);
}

static void list(void)
{
	struct maker maker = { .make = make_list, .baton = BATON };
	pthread_t thread = begin(&maker);
	int before = deaths(&obituary);

	leash_release(maker.made);
	eventually(deaths(&obituary) == before + MANY, "a received list of %d dies to its end (%d)", MANY,
	   deaths(&obituary) - before);
	end(&maker, thread);
}

/* The same, but somebody holds a link in the middle: what hangs on it must live. */
static void list_held_in_the_middle(void)
{
	struct maker maker = { .make = make_list, .baton = BATON };
	pthread_t thread = begin(&maker);
	struct link *link = maker.made;
	int before = deaths(&obituary);

	for (int i = 0; i < MANY / 2; i++)
		link = link->next;
	leash_retain(link);
	leash_release(maker.made);
	eventually(deaths(&obituary) == before + MANY / 2, "a list dies up to the link that is held (%d)",
	   deaths(&obituary) - before);
	leash_flush();
	is_int(deaths(&obituary), before + MANY / 2, "and no further");
	int left = 0;
	for (struct link *l = link; l; l = l->next)
		left += l->load->obituary == &obituary;
	is_int(left, MANY - MANY / 2, "the rest is whole");
	eventually(leash_refcount(link) == 1, "its first link has one reference");
	leash_release(link);
	eventually(deaths(&obituary) == before + MANY, "with it the rest dies");
	end(&maker, thread);
}

/* What the list's links hold besides is looked at on the way, but lives on and keeps its owner. */
static struct mortal *hub;

static void *make_list_around_the_hub(void)
{
	struct link *link = make_list();

	leash_set(&link->load, hub);
	return link;
}

static void bystander(void)
{
	struct maker maker = { .make = make_list_around_the_hub, .baton = BATON };
	int before = deaths(&obituary);

	hub = mortal_new(&obituary);
	pthread_t thread = begin(&maker);
	leash_release(maker.made);
	eventually(deaths(&obituary) == before + MANY, "a list dies that holds an object of ours (%d)",
		   deaths(&obituary) - before);
	leash_flush();
	ok(is_mine(hub) && !is_merged(hub), "which stays ours");
	end(&maker, thread);
	leash_release(hub);
	eventually(deaths(&obituary) == before + MANY + 1, "until we drop it");
}

static void maker_gone(void)
{
	struct maker maker = { .make = make_list, .baton = BATON };
	pthread_t thread = begin(&maker);
	int before = deaths(&obituary);
	bool whole = true;

	end(&maker, thread);
	for (struct link *l = maker.made; l; l = l->next)
		whole &= leash_refcount(l) == 1 && leash_refcount(l->load) == 1;
	ok(whole, "objects outlive the thread that made them");
	leash_release(maker.made);
	eventually(deaths(&obituary) == before + MANY, "and die when they are dropped");
}

/* The owner counts on an object for all it is worth while others take it away. */
struct contested {
	struct mortal *object;
	int stop;
};

static void *contending_owner(void *argument)
{
	struct contested *contested = argument;
	struct mortal *mine = mortal_new(&obituary), *held[8];
	int rounds = 0;

	/* One reference for the other thread, which nobody told the library of. */
	__atomic_store_n(&contested->object, leash_retain(mine), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&contested->stop, __ATOMIC_ACQUIRE) || rounds < 10) {
		for (int i = 0; i < 8; i++)
			held[i] = leash_retain(mine);
		for (int i = 0; i < 8; i++)
			leash_release(held[i]);
		rounds++;
	}
	leash_release(mine);
	return NULL;
}

static void contested(void)
{
	int rounds = SLOW ? 100 : 1000, before = deaths(&obituary), merged = 0;

	for (int i = 0; i < rounds; i++) {
		struct contested c = { 0 };
		pthread_t thread = thread_start(contending_owner, &c);
		struct mortal *m;

		while (!(m = __atomic_load_n(&c.object, __ATOMIC_ACQUIRE)))
			sched_yield();
		leash_release(m);
		leash_flush();
		if (i % 4 == 0)
			merged += WAIT_FOR(is_merged(m));
		__atomic_store_n(&c.stop, 1, __ATOMIC_RELEASE);
		thread_end(thread);
	}
	is_int(merged, (rounds + 3) / 4, "a busy owner loses its object when others subtract what it counted");
	eventually(deaths(&obituary) == before + rounds, "and each of them dies, once (%d of %d)",
	   deaths(&obituary) - before, rounds);
}

/* All of an owner's objects are taken away while it goes on making, keeping and dropping others. */
static void *churning_owner(void *argument)
{
	struct contested *contested = argument;
	struct mortal *own[64] = { NULL };
	unsigned seed = 1;

	for (int i = 0; i < (SLOW ? 20000 : 200000); i++) {
		struct mortal **slot = &own[rand_r(&seed) % 64], *empty = NULL;

		leash_release(*slot);
		*slot = mortal_new(&obituary);
		struct mortal *given = leash_retain(*slot);
		if (!__atomic_compare_exchange_n(&contested->object, &empty, given, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			leash_release(given);
		leash_release(leash_retain(*slot));
	}
	for (int i = 0; i < 64; i++)
		leash_release(own[i]);
	__atomic_store_n(&contested->stop, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void churn(void)
{
	struct contested c = { 0 };
	int before = deaths(&obituary), taken = 0;
	pthread_t thread = thread_start(churning_owner, &c);

	while (!__atomic_load_n(&c.stop, __ATOMIC_ACQUIRE)) {
		struct mortal *m = __atomic_exchange_n(&c.object, NULL, __ATOMIC_ACQ_REL);

		taken += m != NULL;
		leash_release(m);
	}
	leash_release(__atomic_exchange_n(&c.object, NULL, __ATOMIC_ACQ_REL));
	thread_end(thread);
	eventually(deaths(&obituary) == before + (SLOW ? 20000 : 200000),
	   "everything a busy thread makes dies, whoever drops it (%d, %d received)", deaths(&obituary) - before, taken);
}

int main(void)
{
	sleeping();
	blocked();
	borrowed_counts();
	many();
	list();
	list_held_in_the_middle();
	bystander();
	maker_gone();
	contested();
	churn();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
