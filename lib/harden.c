/* Hardened mode (LEASH_OPTIONS=harden:true): every pointer that is handed to the library is looked up.
 *
 * All live objects are in a lock-free hash table of liburcu by their addresses.  A pointer that is not in it ends
 * the program with one line instead of corrupting whatever it points to.  Objects have no owners in this mode, so
 * that no operation is done by inlined code; it is meant for tests and for hunting a bug, not for speed.
 *
 * An object leaves the table when its memory goes, so pointers to dead objects are told from
 * pointers to nothing only while that lasts.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <urcu-bp.h>
#include <urcu/rculfhash.h>

#include "death.h"
#include "fault.h"
#include "harden.h"
#include "options.h"
#include "points.h"
#include "thread.h"
#include "type.h"

#define BUCKETS (1ul << 16)

struct entry {
	struct cds_lfht_node node;
	struct rcu_head head;
	const struct leash__header *h;
};

bool lsh_hardened = true; /* until it is known */
static struct cds_lfht *table;

void lsh_harden_start(void)
{
	if (lsh_options()->harden) {
		table = cds_lfht_new(BUCKETS, BUCKETS, BUCKETS, 0, NULL);
		if (!table)
			lsh_say("no memory for hardened mode; going on without");
	}
	lsh_hardened = table != NULL;
}

/* Read sections, whose end ThreadSanitizer cannot see in liburcu. */
static void end_reading(void)
{
	LSH_RELEASE(&table);
	rcu_read_unlock();
}

static unsigned long hash(const struct leash__header *h)
{
	return (unsigned long)((uint64_t)(uintptr_t)h * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

static int matches(struct cds_lfht_node *node, const void *h)
{
	return caa_container_of(node, struct entry, node)->h == h;
}

static struct cds_lfht_node *find(const struct leash__header *h)
{
	struct cds_lfht_iter iter;

	cds_lfht_lookup(table, hash(h), matches, h, &iter);
	return cds_lfht_iter_get_node(&iter);
}

bool lsh_harden_add(const struct leash__header *h)
{
	struct entry *entry = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*entry));

	if (!entry)
		return false;
	cds_lfht_node_init(&entry->node);
	entry->h = h;
	rcu_read_lock();
	cds_lfht_add(table, hash(h), &entry->node);
	end_reading();
	return true;
}

static void free_entry(struct rcu_head *head)
{
	LSH_ACQUIRE(head);
	LSH_ACQUIRE(&table);
	free(caa_container_of(head, struct entry, head));
}

void lsh_harden_remove(const struct leash__header *h)
{
	struct cds_lfht_node *node;

	if (!lsh_hardened)
		return;
	rcu_read_lock();
	node = find(h);
	if (node && cds_lfht_del(table, node) == 0) {
		struct rcu_head *head = &caa_container_of(node, struct entry, node)->head;

		LSH_RELEASE(head);
		call_rcu(head, free_entry);
	}
	end_reading();
}

void lsh_harden_check_slow(const struct leash__header *h, const char *function)
{
	bool known;

	/* The first thing the program does with the library may be wrong. */
	lsh_start();
	if (!lsh_hardened)
		return;
	rcu_read_lock();
	known = find(h) != NULL;
	end_reading();
	if (!known) {
		lsh_say("object %p: %s: not a live object", (const void *)(h + 1), function);
		abort();
	}
}
