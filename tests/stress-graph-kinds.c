/* The kinds of objects of which the stress of the collector makes its graph, and the hooks in which they are seen to die. */
#include <leash/leash.h>
#include <stdlib.h>

#include "scheduler.h"
#include "stress-graph.h"

static struct record *check_last(const struct managed *object, const char *what)
{
	struct record *record = object->record;

	if (object->magic != MAGIC || record < records || record >= records + RECORDS || record->object != object)
		oracle_fail(object, "%s: is no object", what);
	if (peek(&record->state) != LIVE)
		oracle_fail(object, "%s: number %u has been destroyed", what, record->number);
	return record;
}

static void destroy(void *payload)
{
	struct managed *object = payload;
	struct record *record = check_last(object, "destroy");
	size_t room, i;
	struct managed **fields = fields_of(object, &room);

	shadow_unreachable(record, "destroy");
	for (i = 0; i < room; i++)
		if (fields[i])
			oracle_fail(object, "destroy: a field was not released");
	if (record->kind == POINTING && ((struct pointing *)object)->back.weak)
		oracle_fail(object, "destroy: a weak reference was not cleared");
	if (record->kind == FINALIZED && peek(&record->finalized) != 1)
		oracle_fail(object, "destroy: not finalized");
	if (record->kind == CLOSING && peek(&record->closed) != 1)
		oracle_fail(object, "destroy: not closed");
	if (!once(&record->state, LIVE))
		oracle_fail(object, "number %u is destroyed twice", record->number);
	if (record->kind == TRACED)
		leash_retire(((struct traced *)object)->buffer, free);
	object->magic = POISON;
	shadow_remove(record);
}

static void on_close(void *payload)
{
	struct managed *object = payload;

	if (!once(&check_last(object, "close")->closed, 0))
		oracle_fail(object, "closed twice");
}

/* What a finalizer does that leaves no trace: it counts on its object and on what that holds. */
static void play_with(struct managed *object)
{
	struct managed **fields, *value;
	size_t room, i;

	leash_retain(object);
	fields = fields_of(object, &room);
	for (i = 0; i < room; i++) {
		value = leash_get(&fields[i]);
		if (value)
			oracle_check(value);
		leash_release(value);
	}
	leash_release(object);
}

static void finalize(void *payload)
{
	struct managed *object = payload, *other;
	struct record *record = check_last(object, "finalize");

	if (!once(&record->finalized, 0))
		oracle_fail(object, "finalized twice");
	if (resurrect == 0)
		shadow_unreachable(record, "finalize");
	/* Another finalizer may have brought it back, and then somebody may be using it: its lock may be taken. */
	if (pthread_mutex_trylock(&record->fields) == 0) {
		play_with(object);
		pthread_mutex_unlock(&record->fields);
	}
	if (resurrect == 0 || !scheduler_one_in(resurrect))
		return;
	shadow_external(record, 1);
	leash_retain(object);
	switch (scheduler_below(6)) {
	case 0:
		leash_adopt(object);
		break;
	case 1:
		leash_handoff(object);
		break;
	case 2:
		if ((other = oracle_new(FINALIZED, 0)) != NULL)
			oracle_release(other);
		break;
	case 3:
		leash_flush();
		break;
	case 4:
		if (leash_collect((int)scheduler_below(3)) != 0)
			oracle_fail(object, "a finalizer collects");
		break;
	}
	other = scheduler_one_in(2) ? slot_exchange(scheduler_below(SLOTS), object) : object;
	if (other == object)
		other = mailbox_exchange(scheduler_below(MAILBOXES), object);
	if (other)
		oracle_release(other);
}

const leash_type graph_types[GRAPH_KINDS] = {
	[PLAIN_LEAF] = { .name = "plain leaf", .size = sizeof(struct managed), .flags = LEASH_WEAKABLE },
	[SEEN_LEAF] = { .name = "seen leaf", .size = sizeof(struct managed), .flags = LEASH_WEAKABLE,
			.destroy = destroy },
	[PLAIN_NODE] = { .name = "plain node", .size = sizeof(struct node), .flags = LEASH_WEAKABLE,
			 LEASH_FIELDS(struct node, fields) },
	[SEEN_NODE] = { .name = "seen node", .size = sizeof(struct node), .flags = LEASH_WEAKABLE,
			LEASH_FIELDS(struct node, fields[0], fields[1], fields[2]), .destroy = destroy },
	[PLAIN_TAIL] = { .name = "plain tail", .size = sizeof(struct tail), .flags = LEASH_WEAKABLE,
			 LEASH_FIELDS(struct tail, LEASH_TAIL(fields)) },
	[SEEN_TAIL] = { .name = "seen tail", .size = sizeof(struct tail),
			LEASH_FIELDS(struct tail, LEASH_TAIL(fields)), .destroy = destroy },
	[TRACED] = { .name = "traced", .size = sizeof(struct traced), .flags = LEASH_WEAKABLE, .trace = shape_trace,
		     .destroy = destroy },
	[PROMPT_LEAF] = { .name = "prompt leaf", .size = sizeof(struct managed), .flags = LEASH_PROMPT | LEASH_WEAKABLE,
			  .destroy = destroy },
	[PROMPT_NODE] = { .name = "prompt node", .size = sizeof(struct node), .flags = LEASH_PROMPT,
			  LEASH_FIELDS(struct node, fields) },
	[FINALIZED] = { .name = "finalized", .size = sizeof(struct node), .flags = LEASH_WEAKABLE,
			LEASH_FIELDS(struct node, fields), .finalize = finalize, .destroy = destroy },
	[CLOSING] = { .name = "closing", .size = sizeof(struct node), .flags = LEASH_WEAKABLE,
		      LEASH_FIELDS(struct node, fields), .close = on_close, .destroy = destroy },
	[LARGE_LEAF] = { .name = "large leaf", .size = sizeof(struct large), .flags = LEASH_WEAKABLE },
	[SLOTTED] = { .name = "slotted", .size = sizeof(struct slotted), .flags = LEASH_WEAKABLE,
		      LEASH_FIELDS(struct slotted, slots), .destroy = destroy },
	[POINTING] = { .name = "pointing", .size = sizeof(struct pointing), .flags = LEASH_WEAKABLE,
		       LEASH_FIELDS(struct pointing, node.fields, back.weak), .destroy = destroy },
	[PLAIN_POINTING] = { .name = "plain pointing", .size = sizeof(struct pointing), .flags = LEASH_WEAKABLE,
			     LEASH_FIELDS(struct pointing, node.fields, back.weak) },
};
