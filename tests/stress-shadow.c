/* An oracle for objects in cycles: the functions of stress-oracle.h, with a shadow of the whole graph beside them.
 *
 * The shadow knows for every object how many references the test holds in variables and mailboxes (`external`) and what its
 * fields refer to (`edges`).  One lock protects all of it, and nothing of the library is called under that lock.
 * References are entered before the library counts them, and struck out before it is told that they are gone; one that moves,
 * moves in one step.  So at every instant the shadow shows a path from an external reference to an object only if the
 * library may not think it garbage, and
 *
 * 1. an object that is destroyed is not reachable: never early;
 * 2. one that is finalized is not either, unless another finalizer has brought it back meanwhile;
 * 3. destroy finds the state LIVE and leaves DESTROYED behind: never twice;
 * 4. when all threads are at rest, after a full collection, the number of objects in memory (the library's own counters)
 *    is the number of those that are reachable: no garbage is left, of any shape, and nothing reachable is gone; nor is
 *    memory of the dead left to a log (heap.h).
 *
 * 5. a weak load gives an object that lives, or NULL for good, and NULL only for what is not reachable, unless a finalizer
 *    may have brought it back (stress-graph-weak.c);
 * 6. a peeked object stays whole until the read section ends (stress-graph-slot.c).
 *
 * A load through a weak reference or a slot makes a reference out of nothing: the library counts it first, and the shadow
 * hears of it afterwards.  Until then the shadow shows less than there is, and no check fails for that.
 *
 * Objects without hooks never tell of their death.  They stay in the shadow until nothing refers to them there, and
 * come back if a load finds them; an early death of one shows when somebody uses it, and in 4.
 */
#include <leash/leash.h>
#include <string.h>

#include "heap.h"
#include "scheduler.h"
#include "see/statistics.h"
#include "stress-graph.h"

struct record records[RECORDS];
static unsigned made;
static long immortals; /* of the round */
static struct lsh_counters at_begin;
static struct managed *leaked[65536]; /* immortal objects, for the leak checker's eyes */
static unsigned leaked_count;

static pthread_mutex_t shadow = PTHREAD_MUTEX_INITIALIZER; /* innermost */
static struct record *listed[RECORDS], *queue[RECORDS];
static unsigned listed_count, mark;

/* Marks all that the first `number` of the queue lead to; tells how many that are.  Under the shadow's lock. */
static size_t spread(size_t number)
{
	size_t i, e;

	for (i = 0; i < number; i++) {
		for (e = 0; e < EDGES; e++) {
			struct record *next = queue[i]->edges[e];

			if (next && next->mark != mark) {
				next->mark = mark;
				queue[number++] = next;
			}
		}
	}
	return number;
}

/* Marks what external references lead to and, if `hooked`, those that can still be destroyed with all they lead to. */
static size_t mark_reachable(bool hooked)
{
	size_t number = 0;
	unsigned i;

	mark++;
	for (i = 0; i < listed_count; i++) {
		struct record *record = listed[i];

		if (record->external || record->immortal || (hooked && graph_types[record->kind].destroy)) {
			record->mark = mark;
			queue[number++] = record;
		}
	}
	return spread(number);
}

static bool is_listed(const struct record *record)
{
	return record->place < listed_count && listed[record->place] == record;
}

static void list(struct record *record)
{
	record->place = listed_count;
	listed[listed_count++] = record;
}

/* What was forgotten has come back, by a weak reference or a slot, with all that it leads to. */
static void list_again(struct record *record)
{
	size_t number = 1, i, e;

	list(record);
	queue[0] = record;
	for (i = 0; i < number; i++) {
		for (e = 0; e < EDGES; e++) {
			struct record *next = queue[i]->edges[e];

			if (next && !is_listed(next)) {
				list(next);
				queue[number++] = next;
			}
		}
	}
}

static void unlist(struct record *record)
{
	struct record *last = listed[--listed_count];

	listed[record->place] = last;
	last->place = record->place;
}

/* Forgets objects without hooks that nothing can lead to any more. */
static void forget_plain(void)
{
	unsigned i;

	mark_reachable(true);
	for (i = 0; i < listed_count;) {
		if (listed[i]->mark != mark)
			unlist(listed[i]);
		else
			i++;
	}
}

void shadow_external(struct record *record, int change)
{
	pthread_mutex_lock(&shadow);
	if (!is_listed(record))
		list_again(record);
	record->external += change;
	if (record->external < 0 && !record->immortal)
		oracle_fail(record->object, "the test has lost count of number %u", record->number);
	pthread_mutex_unlock(&shadow);
}

void shadow_unreachable(struct record *record, const char *what)
{
	pthread_mutex_lock(&shadow);
	mark_reachable(false);
	if (record->mark == mark)
		oracle_fail(record->object, "%s: number %u, kind %d is reachable, with %d external references", what,
			    record->number, record->kind, record->external);
	pthread_mutex_unlock(&shadow);
}

bool shadow_is_reachable(struct record *record)
{
	bool reachable;

	pthread_mutex_lock(&shadow);
	mark_reachable(false);
	reachable = record->mark == mark;
	pthread_mutex_unlock(&shadow);
	return reachable;
}

void shadow_remove(struct record *record)
{
	pthread_mutex_lock(&shadow);
	if (!is_listed(record))
		oracle_fail(record->object, "number %u was forgotten", record->number);
	unlist(record);
	memset(record->edges, 0, sizeof record->edges);
	pthread_mutex_unlock(&shadow);
}

void shadow_list(struct record *record)
{
	pthread_mutex_lock(&shadow);
	if (listed_count % 256 == 255)
		forget_plain();
	record->external = 1;
	list(record);
	pthread_mutex_unlock(&shadow);
}

void shadow_edge(struct record *record, size_t field, struct record *value, struct record *gains,
		 struct record *loses)
{
	pthread_mutex_lock(&shadow);
	record->edges[field] = value;
	if (gains)
		gains->external++;
	if (loses && --loses->external < 0)
		oracle_fail(loses->object, "the test has lost count of number %u", loses->number);
	pthread_mutex_unlock(&shadow);
}

void shadow_edges(struct record *record, struct managed *const *values, size_t number)
{
	size_t i;

	pthread_mutex_lock(&shadow);
	for (i = 0; i < EDGES; i++)
		record->edges[i] = i < number && values[i] ? values[i]->record : NULL;
	pthread_mutex_unlock(&shadow);
}

void shadow_immortal(struct record *record)
{
	pthread_mutex_lock(&shadow);
	if (!record->immortal) {
		record->immortal = 1;
		immortals++;
		if (leaked_count < sizeof leaked / sizeof leaked[0])
			leaked[leaked_count++] = record->object;
	}
	record->external--;
	pthread_mutex_unlock(&shadow);
}

bool shadow_is_immortal(const struct record *record)
{
	bool immortal;

	pthread_mutex_lock(&shadow);
	immortal = record->immortal;
	pthread_mutex_unlock(&shadow);
	return immortal;
}

void shadow_unique(const struct record *record)
{
	const struct managed *object = record->object;
	size_t number, i, e;

	pthread_mutex_lock(&shadow);
	number = mark_reachable(false);
	if (record->external != 1)
		oracle_fail(object, "unique: number %u has %d external references", record->number, record->external);
	for (i = 0; i < number; i++)
		for (e = 0; e < EDGES; e++)
			if (queue[i]->edges[e] == record)
				oracle_fail(object, "unique: number %u is in a field of number %u", record->number,
					    queue[i]->number);
	pthread_mutex_unlock(&shadow);
}

size_t graph_listed(void)
{
	size_t number;

	pthread_mutex_lock(&shadow);
	number = listed_count;
	pthread_mutex_unlock(&shadow);
	return number;
}

size_t graph_reachable(void)
{
	size_t number;

	pthread_mutex_lock(&shadow);
	number = mark_reachable(false);
	pthread_mutex_unlock(&shadow);
	return number;
}

struct record *shadow_new(void)
{
	unsigned number = __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);

	if (number >= RECORDS) {
		__atomic_fetch_sub(&made, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	records[number].number = number;
	return &records[number];
}

void oracle_begin(unsigned resurrect_one_in)
{
	unsigned i;

	for (i = 0; i < made; i++) {
		records[i].state = UNBORN;
		records[i].finalized = records[i].closed = 0;
		records[i].external = records[i].immortal = 0;
		memset(records[i].edges, 0, sizeof records[i].edges);
	}
	made = listed_count = 0;
	immortals = 0;
	resurrect = resurrect_one_in;
	lsh_counters_sum(&at_begin);
}

size_t oracle_made(void)
{
	unsigned number = __atomic_load_n(&made, __ATOMIC_RELAXED);

	return number < RECORDS ? number : RECORDS;
}

long oracle_alive(void)
{
	struct lsh_counters now;

	lsh_counters_sum(&now);
	return (long)(now.births - at_begin.births) - (long)(now.frees - at_begin.frees);
}

static void fail_to_settle(size_t wanted)
{
	unsigned i;

	mark_reachable(false);
	for (i = 0; i < listed_count; i++)
		if (listed[i]->mark != mark && graph_types[listed[i]->kind].destroy)
			oracle_fail(listed[i]->object, "number %u, kind %d is garbage and lives (%zu are reachable, %ld in memory)",
				    listed[i]->number, listed[i]->kind, wanted, oracle_alive());
	oracle_fail(NULL, "%zu objects are reachable, %ld in memory, %zu husks", wanted, oracle_alive(), lsh_husks());
}

void graph_settle(void)
{
	unsigned tries;
	long result;

	for (tries = 0; tries < 3000; tries++) {
		result = leash_collect(2);
		if (result < 0)
			oracle_fail(NULL, "leash_collect says %ld", result);
		/* Between the two a finalizer may bring something back. */
		if ((long)graph_reachable() == oracle_alive() && (long)graph_reachable() == oracle_alive() &&
		    lsh_husks() == 0) {
			entries_check_at_rest();
			return;
		}
		scheduler_nap(tries < 100 ? 200 : 2000);
	}
	fail_to_settle(graph_reachable());
}

void oracle_end(void)
{
	struct lsh_counters now;
	size_t i;
	long left;

	do {
		mailbox_empty_all();
		slots_empty_all();
		graph_settle();
		/* Finalizers may have published some, each object once. */
	} while (mailbox_any() || slots_any());
	entries_end();
	left = leash_shutdown();
	if (left != 0)
		oracle_fail(NULL, "leash_shutdown() says %ld", left);
	for (i = 0; i < oracle_made(); i++) {
		const struct record *record = &records[i];

		if (record->immortal ? record->state != LIVE : record->external != 0)
			oracle_fail(NULL, "the test has lost count of number %zu: %d", i, record->external);
		if (!record->immortal && graph_types[record->kind].destroy && record->state != DESTROYED)
			oracle_fail(record->object, "number %zu, kind %d is left", i, record->kind);
	}
	lsh_counters_sum(&now);
	if (oracle_alive() != immortals)
		oracle_fail(NULL, "%ld objects are in memory, %ld of them immortal", oracle_alive(), immortals);
	if (now.births - at_begin.births != made)
		oracle_fail(NULL, "%u objects were made and %llu counted", made,
			    (unsigned long long)(now.births - at_begin.births));
}
