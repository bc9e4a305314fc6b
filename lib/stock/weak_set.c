/* Sets of weak references, for all threads at once: observers, subscribers, sessions.
 *
 * Members are found by their address.  An entry is alive as long as its object is (watched.c); two objects
 * that have the same address one after the other are never alive at once, so a live entry of the address is
 * the object's.
 *
 * Progress: contains is lock-free; the others are but for malloc and the making and cancelling of watches.
 */
#include <errno.h>
#include <stdlib.h>

#include <leash/leash.h>

#include "watched.h"

struct leash_weak_set {
	struct lsh_watching watching;
};

static const leash_type weak_set_type = {
	.name = "leash_weak_set",
	.size = sizeof(struct leash_weak_set),
	.flags = LEASH_WEAKABLE,
	.destroy = lsh_watching_destroy,
};

static leash_key key_of(const void *object)
{
	return leash_key_number((uintptr_t)object);
}

leash_weak_set *leash_weak_set_new(void)
{
	return lsh_watching_new(&weak_set_type, &lsh_watched_kind);
}

bool leash_weak_set_contains(const leash_weak_set *set, const void *object)
{
	bool found;

	lsh_table_read_lock();
	found = lsh_table_find(set->watching.table, key_of(object)) != NULL;
	lsh_table_read_unlock();
	return found;
}

int leash_weak_set_add(leash_weak_set *set, const void *object)
{
	struct lsh_entry *fresh, *other;

	if (leash_weak_set_contains(set, object))
		return 0;
	fresh = lsh_watched_new(&set->watching, key_of(object), object);
	if (!fresh)
		return -errno;
	lsh_table_read_lock();
	other = lsh_table_add(set->watching.table, fresh);
	lsh_table_read_unlock();
	if (other)
		lsh_watched_discard(&lsh_watched_kind, fresh);
	else
		lsh_table_grow(set->watching.table);
	return 0;
}

bool leash_weak_set_remove(leash_weak_set *set, const void *object)
{
	return lsh_watched_remove(&set->watching, key_of(object));
}

size_t leash_weak_set_size(const leash_weak_set *set)
{
	return lsh_table_count(set->watching.table);
}

struct each {
	leash_set_fn *fn;
	void *arg;
};

static bool call(struct lsh_entry *entry, void *arg)
{
	const struct each *each = arg;
	void *member = __atomic_load_n(&entry->ended, __ATOMIC_ACQUIRE) ? NULL : lsh_watched_load(entry);
	bool going = true;

	if (member)
		going = each->fn(member, each->arg);
	leash_release(member);
	return going;
}

void leash_weak_set_each(const leash_weak_set *set, leash_set_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	/* fn may give up what the caller holds. */
	leash_retain(set);
	lsh_table_walk(set->watching.table, call, &each);
	leash_release(set);
}
