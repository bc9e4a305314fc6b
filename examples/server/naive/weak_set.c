/* Sets of weak references: a hash table of addresses under a lock.  The dead are taken out when there is no room for another
 * member, and by walks that have met some. */
#include "counted.h"
#include "hash.h"
#include "lock.h"
#include "table.h"

#define FEW 64 /* members that a walk needs no memory for */

struct leash_weak_set {
	naive_lock lock;
	struct naive_table table;
};

static bool forget(void *object)
{
	naive_weak_drop(object);
	return true;
}

static bool forget_dead(void *object)
{
	return naive_weak_expired(object) && forget(object);
}

static void destroy(void *object)
{
	leash_weak_set *set = object;

	naive_table_sweep(&set->table, forget);
	free(set->table.places);
}

static const leash_type weak_set_type = {
	.name = "leash_weak_set",
	.size = sizeof(struct leash_weak_set),
	.destroy = destroy,
};

leash_weak_set *leash_weak_set_new(void)
{
	return leash_new(&weak_set_type);
}

/* The memory of a member is the member's as long as it is one: no other object has its address. */
static bool is_same(const void *member, const void *object)
{
	return member == object;
}

int leash_weak_set_add(leash_weak_set *set, const void *object)
{
	uint64_t hash = naive_hash_address(object);
	int error = 0;

	naive_lock_take(&set->lock);
	if (!naive_table_find(&set->table, hash, is_same, object)) {
		if (naive_table_make_room(&set->table, forget_dead))
			naive_table_add(&set->table, hash, naive_weak_hold(object));
		else
			error = -ENOMEM;
	}
	naive_lock_give(&set->lock);
	return error;
}

bool leash_weak_set_remove(leash_weak_set *set, const void *object)
{
	uint64_t hash = naive_hash_address(object);
	struct naive_place *place;

	naive_lock_take(&set->lock);
	place = naive_table_find(&set->table, hash, is_same, object);
	if (place)
		naive_table_remove(&set->table, place);
	naive_lock_give(&set->lock);
	if (place)
		naive_weak_drop(object);
	return place != NULL;
}

/* Stores a reference to each that lives; how many.  The caller has the lock. */
static size_t hold_all(struct naive_table *table, void **members)
{
	size_t number = 0, all = table->number;

	for (size_t i = 0; all && i <= table->mask; i++) {
		void *member = table->places[i].entry;

		if (member && (member = naive_weak_load(member)))
			members[number++] = member;
	}
	if (number < all)
		naive_table_sweep(table, forget_dead);
	return number;
}

void leash_weak_set_each(const leash_weak_set *set, leash_set_fn *fn, void *arg)
{
	leash_weak_set *own = (leash_weak_set *)(uintptr_t)set;
	void *few[FEW], **members = few;
	bool goes_on = true;
	size_t number = 0;

	naive_lock_take(&own->lock);
	if (own->table.number > FEW)
		members = malloc(own->table.number * sizeof(*members));
	if (members)
		number = hold_all(&own->table, members);
	naive_lock_give(&own->lock);
	for (size_t i = 0; i < number; i++) {
		goes_on = goes_on && fn(members[i], arg);
		naive_release(members[i]);
	}
	if (members != few)
		free(members);
}
