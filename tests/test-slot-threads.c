/* Shared slots between threads: each race played once and on purpose, with a thread stopped at the point that
 * decides it. */
#include <leash/leash.h>
#include "header.h"
#include "knot.h"
#include "points.h"
#include "stops.h"

/* No hooks, no fields: it dies the shortest way. */
static const leash_type leaf_type = { .name = "leaf", .size = 24 };

static struct obituary obituary;
static leash_slot global;

static void *load(void *slot)
{
	return leash_slot_load((leash_slot *)slot);
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void *collect(void *generation)
{
	return (void *)(uintptr_t)leash_collect(*(int *)generation);
}

/* The load has read the slot. */
static void replaced(bool owned, bool by_another)
{
	static const char *const points[] = { "slot: read", "try retain: before the swap" };

	for (int i = 0; i < 2; i++) {
		struct mortal *old = mortal_new(&obituary), *new = by_another ? mortal_new(&obituary) : NULL;
		int before = deaths(&obituary);
		struct stop stop;

		if (!owned)
			leash_handoff(old);
		leash_slot_store_take(&global, old);
		stop_start(&stop, points[i], load, &global);
		stop_await(&stop);
		leash_slot_store(&global, new);
		ok(shared_word(old) & LEASH__DEAD, "what a load has read is replaced by %s, and dies (%s)",
		   new ? "another" : "NULL", points[i]);
		stop_resume(&stop);
		is_ptr(stop_end(&stop), new, "the load gives what there is now");
		is_int(new ? (long long)leash_refcount(new) : 3, 3, "with a reference");
		for (int k = 0; k < 2; k++)
			leash_release(new);
		leash_slot_clear(&global);
		leash_flush();
		eventually(deaths(&obituary) == before + 1 + by_another, "each dies once");
	}
}

static void replaced_and_held(void)
{
	struct mortal *old = mortal_new(&obituary), *new = mortal_new(&obituary);
	int before = deaths(&obituary);
	struct stop stop;

	leash_slot_store(&global, old);
	stop_start(&stop, "slot: read", load, &global);
	stop_await(&stop);
	leash_slot_store_take(&global, new);
	stop_resume(&stop);
	is_ptr(stop_end(&stop), old, "what is replaced beside a load, and lives, may be what it gives");
	leash_release(old);
	leash_flush();
	is_int(deaths(&obituary), before, "with a reference of its own");
	leash_release(old);
	leash_slot_clear(&global);
	eventually(deaths(&obituary) == before + 2, "in the end both die");
}

/* The owner's last reference to what it made is in the slot. */
static struct baton acting = BATON;
static void *twin;

static void *make_and_clear(void *unused)
{
	void *leaf = leash_new(&leaf_type);

	leash_slot_store_take(&global, leaf);
	baton_pass(&acting, 1);
	baton_await(&acting, 2);
	leash_slot_clear(&global);
	/* Whoever dies the shortest way is the next one's memory. */
	__atomic_store_n(&twin, leash_new(&leaf_type), __ATOMIC_RELEASE);
	return unused;
}

static void owner_clears(void)
{
	struct stop stop;
	pthread_t owner;

	owner = thread_start(make_and_clear, NULL);
	baton_await(&acting, 1);
	stop_start(&stop, "slot: read", load, &global);
	stop_await(&stop);
	baton_pass(&acting, 2);
	eventually(__atomic_load_n(&twin, __ATOMIC_ACQUIRE) != NULL, "a slot's object dies, and another is made");
	stop_resume(&stop);
	is_ptr(stop_end(&stop), NULL, "a load that has read the slot before gives NULL");
	is_int((long long)leash_refcount(twin), 1, "nobody has counted the other one by mistake");
	thread_end(owner);
	leash_release(twin);
}

/* A load comes while the object in the slot loses its owner. */
static void load_meets_revocation(void)
{
	static const char *const points[] = { "revoke: taken away", "revoke: after the grace", "fold: before the swap" };
	static const leash_type prompt_type = {
		.name = "prompt",
		.size = sizeof(struct mortal),
		.flags = LEASH_PROMPT,
		.destroy = mortal_destroy,
	};

	for (int i = 0; i < 3; i++) {
		struct mortal *object, *loaded;
		struct stop stop;
		int before = deaths(&obituary);

		if (leash_shutdown() < 0)
			bail_out("the library does not come to rest");
		stop_one_of_the_library(&stop, points[i]);
		object = mortal_of(&prompt_type, &obituary);
		leash_slot_store(&global, object);
		elsewhere(drop, object);
		stop_await(&stop);
		loaded = leash_slot_load(&global);
		is_ptr(loaded, object, "an object whose owner is taken away is loaded (%s)", points[i]);
		leash_slot_clear(&global);
		is_int(deaths(&obituary), before, "it lives though the slot lets go");
		stop_resume(&stop);
		eventually(is_merged(object), "the fold merges");
		leash_flush();
		is_int((long long)leash_refcount(loaded), 1, "and counts the load");
		leash_release(loaded);
		eventually(deaths(&obituary) == before + 1, "until it is given back");
	}
}

/* Two readers, one of which begins after the object has gone from the slot. */
static struct baton reading = BATON;
static const struct mortal *seen[2];

static void *read_first(void *unused)
{
	leash_read_lock();
	seen[0] = leash_slot_peek(&global);
	baton_pass(&reading, 1);
	baton_await(&reading, 4);
	is_int(seen[0]->value, 42, "and what it sees is whole");
	leash_read_unlock();
	return unused;
}

static void *read_second(void *unused)
{
	baton_await(&reading, 2);
	leash_read_lock();
	seen[1] = leash_slot_peek(&global);
	baton_pass(&reading, 3);
	baton_await(&reading, 5);
	leash_read_unlock();
	return unused;
}

static void readers(void)
{
	struct mortal *object = mortal_new(&obituary), *next = mortal_new(&obituary);
	int before = deaths(&obituary);
	pthread_t threads[2];

	object->value = 42;
	leash_handoff(object);
	leash_slot_store_take(&global, object);
	threads[0] = thread_start(read_first, NULL);
	threads[1] = thread_start(read_second, NULL);
	baton_await(&reading, 1);
	leash_slot_store_take(&global, next);
	baton_pass(&reading, 2);
	baton_await(&reading, 3);
	ok(seen[0] == object && seen[1] == next, "one reader sees the old object, one the new");
	usleep(20000);
	is_int(deaths(&obituary), before, "the old one waits for its reader");
	baton_pass(&reading, 4);
	thread_end(threads[0]);
	/* The other may have begun in the same grace period. */
	baton_pass(&reading, 5);
	thread_end(threads[1]);
	eventually(deaths(&obituary) == before + 1, "and dies after it");
	leash_slot_clear(&global);
	eventually(deaths(&obituary) == before + 2, "and so does the new one");
}

/* In a cycle: nobody but the reader, and the collector, knows it any more. */
static void reader_of_garbage(void)
{
	struct knot *knot = knot_new(&obituary);
	const struct knot *peeked;
	int before = deaths(&obituary), full = 2;
	struct stop stop;

	leash_set(&knot->next, knot);
	leash_slot_store_take(&global, knot);
	leash_read_lock();
	peeked = leash_slot_peek(&global);
	leash_slot_clear(&global);
	stop_start(&stop, NULL, collect, &full);
	usleep(50000);
	is_int(deaths(&obituary), before, "garbage that a reader looks at is not destroyed");
	knot_check(peeked);
	is_ptr(peeked->next, peeked, "nor severed");
	leash_read_unlock();
	is_int((intptr_t)stop_end(&stop), 1, "it goes after the section");
	eventually(deaths(&obituary) == before + 1, "and dies");
}

/* Of two that compare and exchange, one comes second. */
static void *compare(void *object)
{
	struct mortal *expected = leash_slot_load(&global);
	bool stored = leash_slot_compare_exchange(&global, expected, object);

	leash_release(expected);
	return stored ? object : NULL;
}

static void two_compare(void)
{
	struct mortal *first = mortal_new(&obituary), *objects[2];
	int before = deaths(&obituary);
	struct stop stop;

	for (int i = 0; i < 2; i++)
		objects[i] = mortal_new(&obituary);
	leash_slot_store_take(&global, first);
	stop_start(&stop, "slot: published", compare, objects[0]);
	stop_await(&stop);
	is_ptr(compare(objects[1]), objects[1], "one of two comes first");
	stop_resume(&stop);
	is_ptr(stop_end(&stop), NULL, "the other stores nothing");
	leash_flush();
	eventually(deaths(&obituary) == before + 1, "what was there dies");
	eventually(leash_refcount(objects[0]) == 1 && leash_refcount(objects[1]) == 2, "counts follow");
	leash_slot_clear(&global);
	leash_release(objects[0]);
	leash_release(objects[1]);
	eventually(deaths(&obituary) == before + 3, "the others when they are let go");
}

int main(void)
{
	lsh_point_hook = stop_hook;
	stop_never = true;
	leash_gc_disable();
	for (int i = 0; i < 4; i++)
		replaced(i & 1, i & 2);
	replaced_and_held();
	owner_clears();
	load_meets_revocation();
	readers();
	reader_of_garbage();
	two_compare();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
