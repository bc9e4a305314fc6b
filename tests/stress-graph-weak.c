/* Weak references and watches under the eyes of the shadow (stress-shadow.c).
 *
 * An entry is a weak reference that all threads share, with a lock as the library wants it: any number may load, one
 * alone may change it.  A load
 *
 * 1. gives what the weak reference was made for, alive;
 * 2. gives NULL for good;
 * 3. gives NULL only if the object is not reachable; where finalizers bring objects back, this is not known.
 *
 * A watch is told once, if it was not cancelled in time, of a death that has taken place for all weak references; and of every
 * such death.
 */
#include <leash/leash.h>
#include <errno.h>
#include <stdlib.h>

#include "points.h"
#include "scheduler.h"
#include "stress-graph.h"

enum { WATCHING = 1, TOLD = 2, CANCELLED = 4, LATE = 8 };

/* What a watch is called with; lives until the round ends. */
struct ticket {
	int state;
	struct aim aim;
};

static struct ticket tickets[RECORDS];
static unsigned ticket_count;

static struct entry {
	pthread_rwlock_t lock;
	struct aim aim;
	leash_watch *watch;
	struct ticket *ticket;
} entries[ENTRIES] = {
	[0 ... ENTRIES - 1] = { .lock = PTHREAD_RWLOCK_INITIALIZER },
};

/* Its end was found once; it may have been brought back. */
static bool is_finalized(const struct managed *object)
{
	return __atomic_load_n(&leash__header_of(object)->shared, __ATOMIC_SEQ_CST) & LEASH__FINALIZED;
}

void aim_at(struct aim *aim, struct managed *object)
{
	bool finalized = is_finalized(oracle_check(object));
	int result = leash_weak_init(&aim->weak, object);

	if (!(graph_types[object->record->kind].flags & LEASH_WEAKABLE)) {
		if (result != -EINVAL || aim->weak)
			oracle_fail(object, "has a weak reference though its type has none: %d", result);
	} else if (result != 0 && !(lsh_allocation_hook && result == -ENOMEM)) {
		oracle_fail(object, "leash_weak_init() says %d", result);
	} else if (finalized && aim->weak) {
		oracle_fail(object, "has a new weak reference after its finalizer");
	} else if (result == 0 && !aim->weak && !is_finalized(object)) {
		oracle_fail(object, "its weak reference was born empty");
	}
	aim->record = aim->weak ? object->record : NULL;
	__atomic_store_n(&aim->ended, 0, __ATOMIC_SEQ_CST);
}

/* The weak reference has turned out to be NULL. */
static void end(struct aim *aim)
{
	__atomic_store_n(&aim->ended, 1, __ATOMIC_SEQ_CST);
	if (aim->record && resurrect == 0)
		shadow_unreachable(aim->record, "a weak load gave NULL");
}

struct managed *aim_follow(struct aim *aim)
{
	bool ended = peek(&aim->ended), expired = leash_weak_expired(&aim->weak);
	struct managed *object = leash_weak_load(&aim->weak);

	if (!object) {
		end(aim);
		return NULL;
	}
	if (!aim->record || object != aim->record->object)
		oracle_fail(object, "a weak load gave another object");
	shadow_external(aim->record, 1);
	oracle_check(object);
	if (ended || expired)
		oracle_fail(object, "number %u: a weak load gave it after %s", aim->record->number,
			    ended ? "NULL" : "it had expired");
	return object;
}

void aim_copy(struct aim *to, struct aim *from)
{
	int ended = peek(&from->ended);

	leash_weak_copy(&to->weak, &from->weak);
	to->record = from->record;
	__atomic_store_n(&to->ended, ended, __ATOMIC_SEQ_CST);
	if (!to->weak)
		end(to);
}

static void tell(void *arg)
{
	struct ticket *ticket = arg;
	const struct record *record = ticket->aim.record;
	int state = __atomic_fetch_or(&ticket->state, TOLD, __ATOMIC_SEQ_CST);
	struct managed *other;

	if (state & (TOLD | CANCELLED))
		oracle_fail(record->object, "number %u: a watch is told %s", record->number,
			    state & TOLD ? "twice" : "after it was cancelled");
	if (aim_follow(&ticket->aim))
		oracle_fail(record->object, "number %u: a watch is told while a weak reference leads there",
			    record->number);
	if (peek(&record->state) != LIVE)
		oracle_fail(record->object, "number %u: a watch is told late", record->number);
	if (resurrect == 0 && peek(&record->finalized))
		oracle_fail(record->object, "number %u: a watch is told after the finalizer", record->number);
	leash_weak_clear(&ticket->aim.weak);
	other = scheduler_one_in(2) ? entry_follow(scheduler_below(ENTRIES)) : NULL;
	if (other)
		oracle_release(other);
	else if (scheduler_one_in(8))
		leash_flush();
}

static void watch(struct entry *entry, struct managed *object)
{
	unsigned number = __atomic_fetch_add(&ticket_count, 1, __ATOMIC_RELAXED);
	struct ticket *ticket = &tickets[number];

	if (number >= RECORDS) {
		__atomic_fetch_sub(&ticket_count, 1, __ATOMIC_RELAXED);
		return;
	}
	ticket->state = CANCELLED;
	aim_at(&ticket->aim, object);
	if (!ticket->aim.record)
		return;
	__atomic_store_n(&ticket->state, WATCHING, __ATOMIC_SEQ_CST);
	entry->watch = leash_watch_add(object, tell, ticket);
	entry->ticket = ticket;
	if (entry->watch)
		return;
	if (!(lsh_allocation_hook && errno == ENOMEM) && !is_finalized(object))
		oracle_fail(object, "leash_watch_add() says %d", errno);
	leash_weak_clear(&ticket->aim.weak);
	ticket->state = CANCELLED;
}

static void unwatch(struct entry *entry)
{
	struct ticket *ticket = entry->ticket;
	bool in_time;
	int state;

	if (!entry->watch)
		return;
	in_time = leash_watch_cancel(entry->watch);
	state = __atomic_fetch_or(&ticket->state, in_time ? CANCELLED : LATE, __ATOMIC_SEQ_CST);
	if (in_time && state & TOLD)
		oracle_fail(ticket->aim.record->object, "a watch is cancelled in time, and was told");
	if (!in_time && resurrect == 0)
		shadow_unreachable(ticket->aim.record, "a watch is cancelled too late");
	if (in_time)
		leash_weak_clear(&ticket->aim.weak);
	entry->watch = NULL;
}

void entry_point(unsigned number, struct managed *object, bool watched)
{
	struct entry *entry = &entries[number];

	pthread_rwlock_wrlock(&entry->lock);
	unwatch(entry);
	leash_weak_clear(&entry->aim.weak);
	aim_at(&entry->aim, object);
	if (watched && entry->aim.record)
		watch(entry, object);
	pthread_rwlock_unlock(&entry->lock);
}

struct managed *entry_follow(unsigned number)
{
	struct entry *entry = &entries[number];
	struct managed *object;

	/* A watch may be told by a thread that has the entry. */
	if (pthread_rwlock_tryrdlock(&entry->lock) != 0)
		return NULL;
	object = aim_follow(&entry->aim);
	pthread_rwlock_unlock(&entry->lock);
	return object;
}

void entry_copy(unsigned to, unsigned from)
{
	struct entry *old = &entries[from], *new = &entries[to];

	if (old == new || pthread_rwlock_tryrdlock(&old->lock) != 0)
		return;
	if (pthread_rwlock_trywrlock(&new->lock) == 0) {
		unwatch(new);
		leash_weak_clear(&new->aim.weak);
		aim_copy(&new->aim, &old->aim);
		pthread_rwlock_unlock(&new->lock);
	}
	pthread_rwlock_unlock(&old->lock);
}

/* What is not reachable is gone, and whoever watched it knows. */
static void check_at_rest(struct entry *entry)
{
	bool reachable = entry->aim.record && shadow_is_reachable(entry->aim.record);
	struct managed *object = aim_follow(&entry->aim);

	if (object && !reachable)
		oracle_fail(object, "number %u: a weak reference leads to garbage", entry->aim.record->number);
	if (object)
		oracle_release(object);
	if (!entry->watch)
		return;
	/* Of the ticket's, which is not the entry's: that may have been made when the other had ended. */
	reachable = shadow_is_reachable(entry->ticket->aim.record);
	if (resurrect == 0 && reachable && peek(&entry->ticket->state) & TOLD)
		oracle_fail(entry->ticket->aim.record->object, "a watch has been told of an object that lives");
	if (!reachable && !(peek(&entry->ticket->state) & TOLD))
		oracle_fail(entry->ticket->aim.record->object, "number %u: a watch has not been told",
			    entry->ticket->aim.record->number);
}

void entries_check_at_rest(void)
{
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		check_at_rest(&entries[i]);
}

void entries_end(void)
{
	unsigned i;

	for (i = 0; i < ENTRIES; i++) {
		unwatch(&entries[i]);
		leash_weak_clear(&entries[i].aim.weak);
		entries[i].aim = (struct aim){ .weak = NULL };
	}
	for (i = 0; i < ticket_count; i++) {
		if (!(tickets[i].state & (TOLD | CANCELLED)))
			oracle_fail(tickets[i].aim.record->object, "number %u: a watch was never told",
				    tickets[i].aim.record->number);
		tickets[i] = (struct ticket){ .state = 0 };
	}
	ticket_count = 0;
}
