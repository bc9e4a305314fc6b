/* An exact count of references, kept beside the library's.
 *
 * Every object has a record in ordinary memory: how many references the test holds in variables, mailboxes and the like
 * (`external`), and which objects hold it in their fields (`parents`).  Both are raised before the library counts a
 * reference and lowered before the library is told that it is gone.  So at every instant at which
 * the library may rightly think that the count is 0, the record shows none, and
 *
 * 1. an object may be destroyed (or finalized) only while external == 0 and every parent is doomed, that is, may be
 *    destroyed itself: never early;
 * 2. is_unique() may be true only while external == 1 and every parent is doomed;
 * 3. destroy finds the state LIVE and leaves DESTROYED behind: never twice;
 * 4. at the end of a round every record with a destroy function shows DESTROYED, and the library's counters of
 *    births and frees agree: none is left.
 *
 * The parents are needed because the library releases the fields of a dying object by itself: nobody could lower a number
 * before that.  Objects without hooks never tell of their death, but whether they are doomed can be told all the
 * same.
 *
 * An early death of an object without hooks shows when somebody uses it: the DEAD flag in its header, another record's address
 * or another number in its payload, or a report of the address sanitizer.
 *
 * There are no cycles: a field only ever refers to an older object.  A field's lock is one of a few, by the number of the
 * object; hooks may run under it, and take only the locks of mailboxes.
 */
#include <leash/leash.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduler.h"
#include "see/statistics.h"
#include "stress-oracle.h"
#include "wait.h"

#define MAGIC  UINT64_C(0x6c656173686f626a)
#define POISON UINT64_C(0xdeaddeaddeaddead)
#define PARENTS 6
#define RECORDS 200000

struct record {
	struct managed *object;
	uint32_t number; /* the age: higher is younger */
	uint8_t kind;
	uint8_t room;    /* for tails */
	int external;
	int state;
	int finalized, closed;
	int immortal; /* 1: may be, 2: is */
	struct record *parents[PARENTS]; /* one entry for each field that refers to the object */
};
enum { UNBORN, LIVE, DESTROYED };

struct node {
	struct managed base;
	struct managed *fields[3];
};

struct tail {
	struct managed base;
	struct managed *fields[];
};

struct buffer {
	size_t room;
	struct managed *fields[];
};

struct traced {
	struct managed base;
	struct buffer *buffer;
};

struct large {
	struct managed base;
	char rest[2000];
};

static struct record records[RECORDS];
static unsigned made;
static long immortals; /* of the round */
static unsigned resurrect;
static struct lsh_counters at_begin;
static struct managed *leaked[65536]; /* immortal objects, for the leak checker's eyes */
static unsigned leaked_count;

#define LOCKS 256
static pthread_mutex_t locks[LOCKS];
static struct mailbox {
	pthread_mutex_t lock;
	struct managed *object;
} __attribute__((aligned(64))) mailboxes[MAILBOXES];

void oracle_fail(const void *object, const char *format, ...)
{
	const struct leash__header *h = object ? leash__header_of(object) : NULL;
	char line[512];
	size_t used;
	va_list args;

	used = (size_t)snprintf(line, sizeof line, "# oracle: object %p: ", object);
	va_start(args, format);
	used += (size_t)vsnprintf(line + used, sizeof line - used, format, args);
	va_end(args);
	if (h)
		used += (size_t)snprintf(line + used, sizeof line - used, " (shared %llx local %x owner %x)",
					 (unsigned long long)h->shared, h->local, h->owner);
	used += (size_t)snprintf(line + used, sizeof line - used, "\n");
	if (write(STDERR_FILENO, line, used) < 0)
		abort();
	abort();
}

static int peek(const int *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static void add(int *word, int n)
{
	__atomic_fetch_add(word, n, __ATOMIC_SEQ_CST);
}

static bool once(int *word, int from)
{
	return __atomic_compare_exchange_n(word, &from, from + 1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* Whether no reference keeps the object alive, as far as the test knows. */
static bool doomed(const struct record *record, int depth)
{
	size_t i;

	if (peek(&record->state) == DESTROYED || depth == 0)
		return true;
	if (peek(&record->external) || peek(&record->immortal))
		return false;
	for (i = 0; i < PARENTS; i++) {
		const struct record *parent = __atomic_load_n(&record->parents[i], __ATOMIC_SEQ_CST);

		if (parent && !doomed(parent, depth - 1))
			return false;
	}
	return true;
}

static bool held_by_parents(const struct record *record)
{
	size_t i;

	for (i = 0; i < PARENTS; i++) {
		const struct record *parent = __atomic_load_n(&record->parents[i], __ATOMIC_SEQ_CST);

		if (parent && !doomed(parent, 8))
			return true;
	}
	return false;
}

static bool add_parent(struct record *record, struct record *parent)
{
	size_t i;

	for (i = 0; i < PARENTS; i++) {
		struct record *old = __atomic_load_n(&record->parents[i], __ATOMIC_SEQ_CST);

		if ((!old || peek(&old->state) == DESTROYED) &&
		    __atomic_compare_exchange_n(&record->parents[i], &old, parent, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

static void remove_parent(struct record *record, struct record *parent)
{
	size_t i;

	for (i = 0; i < PARENTS; i++) {
		struct record *old = parent;

		if (__atomic_compare_exchange_n(&record->parents[i], &old, NULL, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return;
	}
	oracle_fail(record->object, "the test has lost a parent");
}

struct managed *oracle_check(const struct managed *object)
{
	const struct leash__header *h = leash__header_of(object);
	struct record *record = object->record;

	if (object->magic != MAGIC)
		oracle_fail(object, "is no object any more: %llx", (unsigned long long)object->magic);
	if (record < records || record >= records + RECORDS || record->object != object)
		oracle_fail(object, "is another object now");
	if (peek(&record->state) != LIVE)
		oracle_fail(object, "number %u is used after its destruction", record->number);
	if (__atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & LEASH__DEAD)
		oracle_fail(object, "number %u is dead while it is held", record->number);
	return (struct managed *)(uintptr_t)object;
}

/* An object that the library says is at its end. */
static struct record *check_last(struct managed *object, const char *what)
{
	struct record *record = object->record;

	if (object->magic != MAGIC || record->object != object)
		oracle_fail(object, "%s: is no object", what);
	if (peek(&record->immortal))
		oracle_fail(object, "%s: number %u is immortal", what, record->number);
	if (peek(&record->external))
		oracle_fail(object, "%s: number %u, kind %d is early: %d external references", what, record->number,
			    record->kind, peek(&record->external));
	if (held_by_parents(record))
		oracle_fail(object, "%s: number %u, kind %d is early: in a field of a live object", what,
			    record->number, record->kind);
	return record;
}

static struct managed **fields_of(struct managed *object, size_t *room)
{
	struct buffer *buffer;

	switch (object->record->kind) {
	case PLAIN_NODE:
	case SEEN_NODE:
	case PROMPT_NODE:
	case FINALIZED:
		*room = 3;
		return ((struct node *)object)->fields;
	case PLAIN_TAIL:
	case SEEN_TAIL:
		*room = object->record->room;
		return ((struct tail *)object)->fields;
	case TRACED:
		buffer = __atomic_load_n(&((struct traced *)object)->buffer, __ATOMIC_ACQUIRE);
		*room = buffer ? buffer->room : 0;
		return buffer ? buffer->fields : NULL;
	default:
		*room = 0;
		return NULL;
	}
}

/* The field's present value leaves it, as the record sees it. */
static void forget(struct managed *p, struct managed *const *field)
{
	struct managed *old = *field;

	if (old)
		remove_parent(oracle_check(old)->record, p->record);
}

static struct managed *steal(struct managed *p, size_t field)
{
	size_t room;
	struct managed **fields = fields_of(p, &room), *value = NULL;

	if (field < room && fields[field]) {
		add(&oracle_check(fields[field])->record->external, 1);
		forget(p, &fields[field]);
		value = leash_steal(&fields[field]);
	}
	return value;
}

static void destroy(void *payload)
{
	struct managed *object = payload;
	struct record *record = check_last(object, "destroy");
	size_t room, i;
	struct managed **fields = fields_of(object, &room);

	for (i = 0; i < room; i++)
		if (fields[i])
			oracle_fail(object, "destroy: a field was not released");
	if (record->kind == FINALIZED && peek(&record->finalized) != 1)
		oracle_fail(object, "destroy: not finalized");
	if (record->kind == CLOSING && peek(&record->closed) != 1)
		oracle_fail(object, "destroy: not closed");
	if (!once(&record->state, LIVE))
		oracle_fail(object, "number %u is destroyed twice", record->number);
	if (record->kind == TRACED)
		leash_retire(((struct traced *)object)->buffer, free);
	object->magic = POISON;
}

static void on_close(void *payload)
{
	struct managed *object = payload;

	/* Not oracle_check(): others may hold the object, or nobody. */
	if (object->magic != MAGIC || peek(&object->record->state) != LIVE)
		oracle_fail(object, "close: is no live object");
	if (!once(&object->record->closed, 0))
		oracle_fail(object, "closed twice");
}

static void finalize(void *payload)
{
	struct managed *object = payload, *other;
	struct record *record = check_last(object, "finalize");

	if (!once(&record->finalized, 0))
		oracle_fail(object, "finalized twice");
	if (resurrect == 0 || !scheduler_one_in(resurrect)) {
		/* The object is whole, but by itself it cannot be kept. */
		oracle_release(oracle_retain(object));
		return;
	}
	add(&record->external, 1);
	leash_retain(object);
	switch (scheduler_below(6)) {
	case 0:
		leash_adopt(object);
		break;
	case 1:
		leash_handoff(object);
		break;
	case 2:
		/* Without the lock: nobody else has the object yet, and this thread may hold another's. */
		if ((other = steal(object, scheduler_below(3))) != NULL)
			oracle_release(other);
		break;
	case 3:
		if ((other = oracle_new(FINALIZED, 0)) != NULL)
			oracle_release(other);
		break;
	case 4:
		leash_flush();
		break;
	}
	other = mailbox_exchange(scheduler_below(MAILBOXES), object);
	if (other)
		oracle_release(other);
}

static void trace(void *payload, leash_visit_fn *visit, void *arg)
{
	struct buffer *buffer = __atomic_load_n(&((struct traced *)payload)->buffer, __ATOMIC_ACQUIRE);
	size_t i;

	for (i = 0; buffer && i < buffer->room; i++)
		visit(&buffer->fields[i], arg);
}

static const leash_type types[KINDS] = {
	[PLAIN_LEAF] = { .name = "plain leaf", .size = sizeof(struct managed) },
	[SEEN_LEAF] = { .name = "seen leaf", .size = sizeof(struct managed), .destroy = destroy },
	[PLAIN_NODE] = { .name = "plain node", .size = sizeof(struct node), LEASH_FIELDS(struct node, fields) },
	[SEEN_NODE] = { .name = "seen node", .size = sizeof(struct node),
			LEASH_FIELDS(struct node, fields[0], fields[1], fields[2]), .destroy = destroy },
	[PLAIN_TAIL] = { .name = "plain tail", .size = sizeof(struct tail),
			 LEASH_FIELDS(struct tail, LEASH_TAIL(fields)) },
	[SEEN_TAIL] = { .name = "seen tail", .size = sizeof(struct tail),
			LEASH_FIELDS(struct tail, LEASH_TAIL(fields)), .destroy = destroy },
	[TRACED] = { .name = "traced", .size = sizeof(struct traced), .trace = trace, .destroy = destroy },
	[PROMPT_LEAF] = { .name = "prompt leaf", .size = sizeof(struct managed), .flags = LEASH_PROMPT,
			  .destroy = destroy },
	[PROMPT_NODE] = { .name = "prompt node", .size = sizeof(struct node), .flags = LEASH_PROMPT,
			  LEASH_FIELDS(struct node, fields) },
	[FINALIZED] = { .name = "finalized", .size = sizeof(struct node), LEASH_FIELDS(struct node, fields),
			.finalize = finalize, .destroy = destroy },
	[CLOSING] = { .name = "closing", .size = sizeof(struct managed), .close = on_close, .destroy = destroy },
	[LARGE_LEAF] = { .name = "large leaf", .size = sizeof(struct large) },
};

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
	object = has_tail ? leash_new_extra(&types[kind], room * sizeof(void *)) : leash_new(&types[kind]);
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
	if (leash_typeof(object) != &types[record->kind])
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

struct managed *mailbox_exchange(unsigned number, struct managed *object)
{
	struct mailbox *mailbox = &mailboxes[number % MAILBOXES];
	struct managed *old;

	pthread_mutex_lock(&mailbox->lock);
	old = mailbox->object;
	mailbox->object = object;
	pthread_mutex_unlock(&mailbox->lock);
	return old;
}

struct managed *mailbox_peek(unsigned number)
{
	struct mailbox *mailbox = &mailboxes[number % MAILBOXES];
	struct managed *object;

	pthread_mutex_lock(&mailbox->lock);
	object = mailbox->object;
	if (object)
		oracle_retain(object);
	pthread_mutex_unlock(&mailbox->lock);
	return object;
}

void mailbox_empty_all(void)
{
	unsigned i;

	for (i = 0; i < MAILBOXES; i++) {
		struct managed *object = mailbox_exchange(i, NULL);

		if (object)
			oracle_release(object);
	}
}

void oracle_begin(unsigned resurrect_one_in)
{
	static bool initialised;
	unsigned i;

	for (i = 0; i < LOCKS && !initialised; i++)
		pthread_mutex_init(&locks[i], NULL);
	for (i = 0; i < MAILBOXES && !initialised; i++)
		pthread_mutex_init(&mailboxes[i].lock, NULL);
	initialised = true;
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

static bool anything_in_mailboxes(void)
{
	unsigned i;

	for (i = 0; i < MAILBOXES; i++)
		if (mailboxes[i].object)
			return true;
	return false;
}

static void check_record(const struct record *record)
{
	if (record->immortal ? record->state != LIVE : record->external != 0)
		oracle_fail(NULL, "the test has lost count of number %u: %d", record->number, record->external);
	if (!record->immortal && types[record->kind].destroy && record->state != DESTROYED)
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
	} while (anything_in_mailboxes());
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
