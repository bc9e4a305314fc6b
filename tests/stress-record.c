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
 */
#include "stress-record.h"

struct record records[RECORDS];

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

bool held_by_parents(const struct record *record)
{
	size_t i;

	for (i = 0; i < PARENTS; i++) {
		const struct record *parent = __atomic_load_n(&record->parents[i], __ATOMIC_SEQ_CST);

		if (parent && !doomed(parent, 8))
			return true;
	}
	return false;
}

bool add_parent(struct record *record, struct record *parent)
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

void remove_parent(struct record *record, struct record *parent)
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
struct record *check_last(struct managed *object, const char *what)
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

struct managed **fields_of(struct managed *object, size_t *room)
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

void forget(struct managed *p, struct managed *const *field)
{
	struct managed *old = *field;

	if (old)
		remove_parent(oracle_check(old)->record, p->record);
}

struct managed *steal(struct managed *p, size_t field)
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
