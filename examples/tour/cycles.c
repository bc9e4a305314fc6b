/* What counting cannot see, and who can. */
#include "person.h"

/* Alice and Bob refer to each other, and nobody else to them. */
static void alice_and_bob(leash_weak *seen)
{
	struct person *alice = person_new_quiet("Alice"), *bob = person_new_quiet("Bob");

	leash_set(&alice->friend, bob);
	leash_set(&bob->friend, alice);
	printf("Alice and Bob are friends: %zu and %zu references\n", leash_refcount(alice), leash_refcount(bob));
	must(leash_weak_init(seen, alice));
	leash_release(alice);
	leash_release(bob);
}

void cycles(void)
{
	leash_weak seen;

	leash_gc_disable();
	alice_and_bob(&seen);
	printf("both labels are gone; Alice is dead: %s\n", yes_no(leash_weak_expired(&seen)));
	printf("leash_collect() reclaims %ld\n", leash_collect(2));
	printf("Alice is dead: %s\n", yes_no(leash_weak_expired(&seen)));
	leash_weak_clear(&seen);
	leash_gc_enable();
}

static void print_threshold(void)
{
	int t0, t1, t2;

	leash_gc_get_threshold(&t0, &t1, &t2);
	printf("thresholds: %d, %d, %d\n", t0, t1, t2);
}

static long young(void)
{
	long n0, n1, n2;

	leash_gc_get_count(&n0, &n1, &n2);
	return n0;
}

static void friends_without_end(int pairs)
{
	while (pairs--) {
		struct person *one = person_new_quiet("one"), *other = person_new_quiet("other");

		leash_set(&one->friend, other);
		leash_set_take(&other->friend, one);
		leash_release(other);
	}
}

static uint64_t collected(void)
{
	leash_gc_stats_t stats;

	leash_gc_stats(&stats);
	return stats.generation[0].collected + stats.generation[1].collected + stats.generation[2].collected;
}

static bool more_than(uint64_t before)
{
	int naps;

	for (naps = 0; naps < 30000 && collected() == before; naps++)
		usleep(1000);
	return collected() > before;
}

void thresholds(void)
{
	uint64_t before;

	print_threshold();
	leash_collect(2);
	leash_gc_disable();
	printf("after a collection the count is %ld\n", young());
	friends_without_end(3);
	printf("three pairs later it is %ld\n", young());
	leash_collect(2);
	before = collected();
	leash_gc_set_threshold(100, 10, 10);
	leash_gc_enable();
	print_threshold();
	friends_without_end(500);
	printf("a thousand friends, no call; some are reclaimed: %s\n",
	       yes_no(more_than(before)));
	leash_gc_set_threshold(700, 10, 10);
	leash_collect(2);
}
