/* Operations on managed objects with the bookkeeping of the shadow around them (stress-shadow.c): the functions of
 * stress-oracle.h for objects that may form cycles.
 *
 * A lock in the object's record protects its fields; hooks may run under it, and a finalizer only tries for its own.
 */
#include <leash/leash.h>
#include <stdlib.h>

#include "scheduler.h"
#include "stress-graph.h"

__thread bool graph_making;

struct managed *oracle_new(enum kind kind, size_t room)
{
	const bool has_tail = kind == PLAIN_TAIL || kind == SEEN_TAIL;
	struct record *record = shadow_new();
	struct managed *object;

	if (!record)
		return NULL;
	graph_making = true;
	object = has_tail ? leash_new_extra(&graph_types[kind], room * sizeof(void *)) : leash_new(&graph_types[kind]);
	graph_making = false;
	if (!object)
		oracle_fail(NULL, "no memory");
	if (object->magic || object->record)
		oracle_fail(object, "is not born empty");
	if (!record->object)
		pthread_mutex_init(&record->fields, NULL);
	record->object = object;
	record->kind = (uint8_t)kind;
	record->room = (uint8_t)room;
	__atomic_store_n(&record->state, LIVE, __ATOMIC_SEQ_CST);
	object->record = record;
	object->magic = MAGIC;
	shadow_list(record);
	return object;
}

enum kind oracle_kind(const struct managed *object)
{
	return object->record->kind;
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

struct managed **fields_of(struct managed *object, size_t *room)
{
	struct buffer *buffer;

	switch (object->record->kind) {
	case PLAIN_NODE:
	case SEEN_NODE:
	case PROMPT_NODE:
	case FINALIZED:
	case CLOSING:
	case POINTING:
	case PLAIN_POINTING:
		*room = 3;
		return ((struct node *)object)->fields;
	case SLOTTED:
		*room = 3;
		return (struct managed **)((struct slotted *)object)->slots;
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

/* The object's fields, locked. */
static struct managed **lock_fields(struct managed *object, size_t *room)
{
	pthread_mutex_lock(&oracle_check(object)->record->fields);
	return fields_of(object, room);
}

static void unlock_fields(struct managed *object)
{
	pthread_mutex_unlock(&object->record->fields);
}

size_t oracle_room(const struct managed *object)
{
	struct managed *p = (struct managed *)(uintptr_t)object;
	size_t room;

	lock_fields(p, &room);
	unlock_fields(p);
	return room;
}

struct managed *oracle_retain(struct managed *object)
{
	shadow_external(oracle_check(object)->record, 1);
	leash_retain(object);
	return oracle_check(object);
}

void oracle_release(struct managed *object)
{
	shadow_external(oracle_check(object)->record, -1);
	leash_release(object);
}

void oracle_handoff(struct managed *object)
{
	leash_handoff(oracle_check(object));
	oracle_check(object);
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
	oracle_check(object);
}

void oracle_immortalize(struct managed *object)
{
	shadow_immortal(oracle_check(object)->record);
	leash_immortalize(object);
}

void oracle_ask(const struct managed *object)
{
	const struct record *record = oracle_check(object)->record;
	size_t count = leash_refcount(object);

	if (count == 0)
		oracle_fail(object, "has a count of 0");
	if (count == SIZE_MAX && !shadow_is_immortal(record))
		oracle_fail(object, "is immortal");
	if (leash_typeof(object) != &graph_types[record->kind])
		oracle_fail(object, "has another type");
	/* A load may have made another reference since. */
	if (leash_is_unique(object) &&
	    !(__atomic_load_n(&leash__header_of(object)->shared, __ATOMIC_RELAXED) & (LEASH__WEAK | LEASH__PUBLISHED)))
		shadow_unique(record);
}

/* Of a SLOTTED object; NULL for others. */
static leash_slot *slots_of(struct managed *p)
{
	return p->record->kind == SLOTTED ? ((struct slotted *)p)->slots : NULL;
}

bool oracle_set(struct managed *p, size_t field, struct managed *value)
{
	size_t room;
	struct managed **fields = lock_fields(p, &room);
	bool done = field < room;

	oracle_check(value);
	if (done) {
		shadow_edge(p->record, field, value->record, NULL, NULL);
		if (slots_of(p))
			leash_slot_store(&slots_of(p)[field], value);
		else
			leash_set(&fields[field], value);
	}
	unlock_fields(p);
	return done;
}

bool oracle_set_take(struct managed *p, size_t field, struct managed *value)
{
	size_t room;
	struct managed **fields = lock_fields(p, &room);
	struct record *record = p->record; /* the reference that is taken may have been the one to p */
	leash_slot *slots = slots_of(p);
	bool done = field < room;

	oracle_check(value);
	if (done) {
		shadow_edge(record, field, value->record, NULL, value->record);
		if (slots)
			leash_slot_store_take(&slots[field], value);
		else
			leash_set_take(&fields[field], value);
	}
	pthread_mutex_unlock(&record->fields);
	return done;
}

/* Slots are loaded without the lock. */
struct managed *oracle_get(struct managed *p, size_t field)
{
	size_t room;
	struct managed **fields, *value = NULL;

	if (slots_of(oracle_check(p))) {
		value = field < 3 ? leash_slot_load(&slots_of(p)[field]) : NULL;
		if (value)
			shadow_external(value->record, 1);
		return value ? oracle_check(value) : NULL;
	}
	fields = lock_fields(p, &room);
	if (field < room && fields[field]) {
		shadow_external(oracle_check(fields[field])->record, 1);
		value = leash_get(&fields[field]);
	}
	unlock_fields(p);
	return value ? oracle_check(value) : NULL;
}

struct managed *oracle_steal(struct managed *p, size_t field)
{
	size_t room;
	struct managed **fields = lock_fields(p, &room), *value = NULL;

	if (field < room && fields[field]) {
		shadow_edge(p->record, field, NULL, oracle_check(fields[field])->record, NULL);
		value = slots_of(p) ? leash_slot_exchange(&slots_of(p)[field], NULL) : leash_steal(&fields[field]);
	}
	unlock_fields(p);
	return value ? oracle_check(value) : NULL;
}

void oracle_clear(struct managed *p, size_t field)
{
	size_t room;
	struct managed **fields = lock_fields(p, &room);

	if (field < room) {
		if (fields[field])
			oracle_check(fields[field]);
		shadow_edge(p->record, field, NULL, NULL, NULL);
		if (slots_of(p))
			leash_slot_clear(&slots_of(p)[field]);
		else
			leash_clear(&fields[field]);
	}
	unlock_fields(p);
}

/* The references move with one store, so none is ever counted twice or missing. */
void oracle_rebuild(struct managed *p)
{
	struct traced *traced = (struct traced *)p;
	struct buffer *old, *new;
	size_t used = 0, room, i;

	lock_fields(p, &room);
	old = traced->buffer;
	for (i = 0; old && i < old->room; i++)
		used += old->fields[i] != NULL;
	room = used + scheduler_below(6);
	if (room > EDGES)
		room = EDGES;
	new = calloc(1, sizeof(*new) + room * sizeof(void *));
	if (!new)
		oracle_fail(p, "no memory for a buffer");
	new->room = room;
	used = 0;
	for (i = 0; old && i < old->room; i++)
		if (old->fields[i])
			new->fields[used++] = old->fields[i];
	shadow_edges(p->record, new->fields, used);
	__atomic_store_n(&traced->buffer, new, __ATOMIC_RELEASE);
	leash_retire(old, free);
	unlock_fields(p);
}

void oracle_point_back(struct managed *p, struct managed *value)
{
	struct aim *back = &((struct pointing *)p)->back;
	size_t room;

	lock_fields(p, &room);
	leash_weak_clear(&back->weak);
	aim_at(back, value);
	unlock_fields(p);
}

struct managed *oracle_follow_back(struct managed *p)
{
	struct managed *value;
	size_t room;

	lock_fields(p, &room);
	value = aim_follow(&((struct pointing *)p)->back);
	unlock_fields(p);
	return value;
}
