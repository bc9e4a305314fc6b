/* The kinds of objects that the stress makes, and the hooks in which they are seen to die. */
#include <leash/leash.h>
#include <stdlib.h>

#include "scheduler.h"
#include "stress-record.h"

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

const leash_type kind_types[KINDS] = {
	[PLAIN_LEAF] = { .name = "plain leaf", .size = sizeof(struct managed) },
	[SEEN_LEAF] = { .name = "seen leaf", .size = sizeof(struct managed), .destroy = destroy },
	[PLAIN_NODE] = { .name = "plain node", .size = sizeof(struct node), LEASH_FIELDS(struct node, fields) },
	[SEEN_NODE] = { .name = "seen node", .size = sizeof(struct node),
			LEASH_FIELDS(struct node, fields[0], fields[1], fields[2]), .destroy = destroy },
	[PLAIN_TAIL] = { .name = "plain tail", .size = sizeof(struct tail),
			 LEASH_FIELDS(struct tail, LEASH_TAIL(fields)) },
	[SEEN_TAIL] = { .name = "seen tail", .size = sizeof(struct tail),
			LEASH_FIELDS(struct tail, LEASH_TAIL(fields)), .destroy = destroy },
	[TRACED] = { .name = "traced", .size = sizeof(struct traced), .trace = shape_trace, .destroy = destroy },
	[PROMPT_LEAF] = { .name = "prompt leaf", .size = sizeof(struct managed), .flags = LEASH_PROMPT,
			  .destroy = destroy },
	[PROMPT_NODE] = { .name = "prompt node", .size = sizeof(struct node), .flags = LEASH_PROMPT,
			  LEASH_FIELDS(struct node, fields) },
	[FINALIZED] = { .name = "finalized", .size = sizeof(struct node), LEASH_FIELDS(struct node, fields),
			.finalize = finalize, .destroy = destroy },
	[CLOSING] = { .name = "closing", .size = sizeof(struct managed), .close = on_close, .destroy = destroy },
	[LARGE_LEAF] = { .name = "large leaf", .size = sizeof(struct large) },
};
