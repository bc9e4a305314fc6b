/* The acts that stresses have in common: threads hold references in a few places each, and draw by weights what they do with
 * them. */
#include <leash/leash.h>

#include "scheduler.h"
#include "stress-acts.h"

unsigned pick(const unsigned *weights, unsigned sum)
{
	unsigned n = scheduler_below(sum), i = 0;

	while (n >= weights[i])
		n -= weights[i++];
	return i;
}

struct managed **place(struct hands *hands)
{
	return &hands->held[scheduler_below(hands->places)];
}

struct managed **full_place(struct hands *hands)
{
	unsigned i, first = scheduler_below(hands->places);

	for (i = 0; i < hands->places; i++)
		if (hands->held[(first + i) % hands->places])
			break;
	return &hands->held[(first + i) % hands->places];
}

void put(struct managed **where, struct managed *object)
{
	struct managed *old = *where;

	*where = object;
	if (old)
		oracle_release(old);
}

bool act_empty_handed(unsigned act, struct hands *hands)
{
	unsigned number = scheduler_below(MAILBOXES);
	struct managed *object;

	switch (act) {
	case RECEIVE:
		object = mailbox_exchange(number, NULL);
		if (object && scheduler_one_in(2))
			oracle_adopt(object);
		put(place(hands), object);
		return true;
	case PEEK:
		put(place(hands), mailbox_peek(number));
		return true;
	case FLUSH:
		leash_flush();
		return true;
	case NAP:
		scheduler_nap(1000);
		return true;
	default:
		return false;
	}
}

static void hammer(struct managed *object)
{
	unsigned i, times = scheduler_below(50);
	unsigned depth = 1 + scheduler_below(3), k;

	for (i = 0; i < times; i++) {
		for (k = 0; k < depth; k++)
			oracle_retain(object);
		for (k = 0; k < depth; k++)
			oracle_release(object);
	}
}

static bool is_leaf(const struct managed *object)
{
	enum kind kind = oracle_kind(object);

	return kind == PLAIN_LEAF || kind == SEEN_LEAF || kind == PROMPT_LEAF || kind == LARGE_LEAF;
}

static void act_on_field(unsigned act, struct managed *p, struct hands *hands)
{
	struct managed **other = full_place(hands);
	size_t room = oracle_room(p), field = room ? scheduler_below((unsigned)room) : 0;

	switch (act) {
	case STORE:
		if (*other)
			oracle_set(p, field, *other);
		break;
	case MOVE_IN:
		/* Also into itself, with the reference by which it is held, where the oracle allows it. */
		if (*other && oracle_set_take(p, field, *other))
			*other = NULL;
		break;
	case COPY_OUT:
		put(place(hands), oracle_get(p, field));
		break;
	case MOVE_OUT:
		put(place(hands), oracle_steal(p, field));
		break;
	default:
		oracle_clear(p, field);
	}
}

void act_with(unsigned act, struct managed **where, struct hands *hands)
{
	unsigned number = scheduler_below(MAILBOXES);
	struct managed *object = *where;

	switch (act) {
	case DROP:
		put(where, NULL);
		break;
	case DUPLICATE:
		put(place(hands), oracle_retain(object));
		break;
	case HAMMER:
		hammer(object);
		break;
	case TRADE:
		if (scheduler_one_in(4))
			oracle_handoff(object);
		*where = mailbox_exchange(number, object);
		break;
	case SEND:
		oracle_handoff(object);
		*where = NULL;
		put(where, mailbox_exchange(number, object));
		break;
	case REBUILD:
		if (oracle_kind(object) == TRACED)
			oracle_rebuild(object);
		break;
	case ASK:
		oracle_ask(object);
		break;
	case ADOPT:
		oracle_adopt(object);
		break;
	case CLOSE:
		oracle_close(object);
		break;
	case IMMORTALIZE:
		if (is_leaf(object)) {
			*where = NULL;
			oracle_immortalize(object);
		}
		break;
	default:
		act_on_field(act, object, hands);
	}
}
