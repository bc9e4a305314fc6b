/* Operations on managed objects with the bookkeeping of the oracle around them (stress-record.c), and the rounds of a
 * stress.
 *
 * There are no cycles: a field only ever refers to an older object.  A field's lock is one of a few, by the number of
 * the object; hooks may run under it, and take only the locks of mailboxes.
 */
#include <leash/leash.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler.h"
#include "see/statistics.h"
#include "stress-record.h"

static unsigned made;
static long immortals; /* of the round */
static struct lsh_counters at_begin;
static struct managed *leaked[65536]; /* immortal objects, for the leak checker's eyes */
static unsigned leaked_count;

#define LOCKS 256
static pthread_mutex_t locks[LOCKS] = { [0 ... LOCKS - 1] = PTHREAD_MUTEX_INITIALIZER };

struct managed *oracle_new(enum kind kind, size_t room)
{
	const bool has_tail = kind == PLAIN_TAIL || kind == SEEN_TAIL;
	unsigned number = __atomic_fetch_add(&made, 1, __ATOMIC_RELAXED);
	struct record *record = &records[number];
	struct managed *object;

	if (number >= RECORDS) {
		__atomic_fetch_sub(&made, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	object = has_tail ? leash_new_extra(&kind_types[kind], room * sizeof(void *)) : leash_new(&kind_types[kind]);
	if (!object)
		oracle_fail(NULL, "no memory");
	if (object->magic || object->record)
		oracle_fail(object, "is not born empty");
	record->object = object;
	record->number = number;
	record->kind = (uint8_t)kind;
	record->room = (uint8_t)room;
	record->external = 1;
	__atomic_store_n(&record->state, LIVE, __ATOMIC_SEQ_CST);
	object->record = record;
	object->magic = MAGIC;
	return object;
}

enum kind oracle_kind(const struct managed *object)
{
	return object->record->kind;
}

static pthread_mutex_t *lock_fields(struct managed *object)
{
	pthread_mutex_t *lock = &locks[oracle_check(object)->record->number % LOCKS];

	pthread_mutex_lock(lock);
	return lock;
}

size_t oracle_room(const struct managed *object)
{
	struct managed *p = oracle_check(object);
	pthread_mutex_t *lock = lock_fields(p);
	size_t room;

	fields_of(p, &room);
	pthread_mutex_unlock(lock);
	return room;
}

struct managed *oracle_retain(struct managed *object)
{
	/* A finalizer retains what shows no external reference. */
	add(&object->record->external, 1);
	leash_retain(object);
	return oracle_check(object);
}

void oracle_release(struct managed *object)
{
	oracle_check(object);
	add(&object->record->external, -1);
	leash_release(object);
}

void oracle_handoff(struct managed *object)
{
	leash_handoff(oracle_check(object));
	oracle_check(object);
}

static void check_unique(const struct managed *object, const char *what)
{
	const struct record *record = object->record;

	if (peek(&record->external) != 1)
		oracle_fail(object, "%s: number %u has %d external references", what, record->number,
			    peek(&record->external));
	if (held_by_parents(record))
		oracle_fail(object, "%s: number %u is in a field", what, record->number);
}

bool oracle_adopt(struct managed *object)
{
	bool mine = leash_adopt(oracle_check(object));

	oracle_check(object);
	return mine;
}

void oracle_close(struct managed *object)
{
	leash_close(oracle_check(object));
	if (oracle_kind(object) == CLOSING && peek(&object->record->closed) != 1 && peek(&object->record->external) == 1)
		oracle_fail(object, "was not closed");
}

void oracle_immortalize(struct managed *object)
{
	struct record *record = oracle_check(object)->record;
	unsigned i;

	if (once(&record->immortal, 0)) {
		__atomic_fetch_add(&immortals, 1, __ATOMIC_RELAXED);
		i = __atomic_fetch_add(&leaked_count, 1, __ATOMIC_RELAXED);
		if (i < sizeof leaked / sizeof leaked[0])
			leaked[i] = object;
	}
	leash_immortalize(object);
	once(&record->immortal, 1);
	if (leash_refcount(object) != SIZE_MAX)
		oracle_fail(object, "is not immortal");
	add(&record->external, -1);
}

void oracle_ask(const struct managed *object)
{
	const struct record *record = oracle_check(object)->record;
	bool known_immortal = peek(&record->immortal) == 2;
	size_t count = leash_refcount(object);

	if (count == 0 || (known_immortal && count != SIZE_MAX))
		oracle_fail(object, "has a count of %zu", count);
	if (count == SIZE_MAX && !peek(&record->immortal))
		oracle_fail(object, "is immortal");
	if (leash_typeof(object) != &kind_types[record->kind])
		oracle_fail(object, "has another type");
	if (leash_is_unique(object))
		check_unique(object, "unique");
}

static bool may_refer(const struct managed *p, const struct managed *value)
{
	return value->record->number < p->record->number && add_parent(value->record, p->record);
}

bool oracle_set(struct managed *p, size_t field, struct managed *value)
{
	pthread_mutex_t *lock = lock_fields(p);
	size_t room;
	struct managed **fields = fields_of(p, &room);
	bool done = field < room && may_refer(p, oracle_check(value));

	if (done) {
		forget(p, &fields[field]);
		leash_set(&fields[field], value);
	}
	pthread_mutex_unlock(lock);
	return done;
}

bool oracle_set_take(struct managed *p, size_t field, struct managed *value)
{
	pthread_mutex_t *lock = lock_fields(p);
	size_t room;
	struct managed **fields = fields_of(p, &room);
	bool done = field < room && may_refer(p, oracle_check(value));

	if (done) {
		add(&value->record->external, -1);
		forget(p, &fields[field]);
		leash_set_take(&fields[field], value);
	}
	pthread_mutex_unlock(lock);
	return done;
}

struct managed *oracle_get(struct managed *p, size_t field)
{
	pthread_mutex_t *lock = lock_fields(p);
	size_t room;
	struct managed **fields = fields_of(p, &room), *value = NULL;

	if (field < room && fields[field]) {
		add(&oracle_check(fields[field])->record->external, 1);
		value = leash_get(&fields[field]);
	}
	pthread_mutex_unlock(lock);
	return value ? oracle_check(value) : NULL;
}

struct managed *oracle_steal(struct managed *p, size_t field)
{
	pthread_mutex_t *lock = lock_fields(p);
	struct managed *value = steal(p, field);

	pthread_mutex_unlock(lock);
	return value;
}

void oracle_clear(struct managed *p, size_t field)
{
	pthread_mutex_t *lock = lock_fields(p);
	size_t room;
	struct managed **fields = fields_of(p, &room);

	if (field < room) {
		forget(p, &fields[field]);
		leash_clear(&fields[field]);
	}
	pthread_mutex_unlock(lock);
}

/* The references move with one store, so none is ever counted twice or missing. */
void oracle_rebuild(struct managed *p)
{
	struct traced *traced = (struct traced *)p;
	pthread_mutex_t *lock = lock_fields(p);
	struct buffer *old = traced->buffer, *new;
	size_t used = 0, room, i;

	for (i = 0; old && i < old->room; i++)
		used += old->fields[i] != NULL;
	room = used + scheduler_below(6);
	new = calloc(1, sizeof(*new) + room * sizeof(void *));
	if (!new)
		oracle_fail(p, "no memory for a buffer");
	new->room = room;
	used = 0;
	for (i = 0; old && i < old->room; i++)
		if (old->fields[i])
			new->fields[used++] = old->fields[i];
	__atomic_store_n(&traced->buffer, new, __ATOMIC_RELEASE);
	leash_retire(old, free);
	pthread_mutex_unlock(lock);
}

void oracle_begin(unsigned resurrect_one_in)
{
	memset(records, 0, made * sizeof(records[0]));
	made = 0;
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

static void check_record(const struct record *record)
{
	if (record->immortal ? record->state != LIVE : record->external != 0)
		oracle_fail(NULL, "the test has lost count of number %u: %d", record->number, record->external);
	if (!record->immortal && kind_types[record->kind].destroy && record->state != DESTROYED)
		oracle_fail(record->object, "number %u, kind %d is left", record->number, record->kind);
}

void oracle_end(void)
{
	struct lsh_counters now;
	size_t i;
	long left;

	do {
		mailbox_empty_all();
		left = leash_shutdown();
		/* Finalizers may have published some more, each object once. */
	} while (mailbox_any());
	for (i = 0; i < made; i++)
		check_record(&records[i]);
	if (left != 0)
		oracle_fail(NULL, "leash_shutdown() says %ld", left);
	lsh_counters_sum(&now);
	if (oracle_alive() != immortals)
		oracle_fail(NULL, "%ld objects are in memory, %ld of them immortal", oracle_alive(), immortals);
	if (now.births - at_begin.births != made)
		oracle_fail(NULL, "%u objects were made and %llu counted", made,
			    (unsigned long long)(now.births - at_begin.births));
}
