/* What a client is subscribed to: a chain of subscriptions, the last one first, each of which holds a channel.
 *
 * It is searched from its beginning, also for each message; who subscribes to thousands of channels on one connection pays for
 * that.
 */
#include <string.h>
#include "channel.h"

struct subscription {
	struct subscription *next;
	struct channel *channel;
	size_t number; /* of them, from here to the end */
};

/* What it leads to leads nowhere further. */
static const leash_type subscription_type = {
	.name = "subscription",
	.size = sizeof(struct subscription),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct subscription, next, channel),
};

size_t subscriptions(struct client *client)
{
	struct subscription *first = *client_subscriptions(client);

	return first ? first->number : 0;
}

static bool is_named(const struct channel *channel, const char *name, size_t length)
{
	size_t other;
	const char *bytes = channel_name(channel, &other);

	return other == length && memcmp(bytes, name, length) == 0;
}

/* The field that leads to the subscription to the channel of that name, or else the one at the end, which is NULL. */
static struct subscription **find(struct client *client, const char *name, size_t length)
{
	struct subscription **here = client_subscriptions(client);

	while (*here && !is_named((*here)->channel, name, length))
		here = &(*here)->next;
	return here;
}

bool is_subscribed(struct client *client, const struct channel *channel)
{
	const struct subscription *each = *client_subscriptions(client);

	while (each && each->channel != channel)
		each = each->next;
	return each != NULL;
}

bool subscribe(struct client *client, const char *name, size_t length)
{
	struct subscription **first = client_subscriptions(client);
	LEASH_AUTO struct subscription *subscription = NULL;

	if (*find(client, name, length))
		return true;
	subscription = leash_new(&subscription_type);
	if (!subscription)
		return false;
	leash_set_take(&subscription->channel, channel_of(name, length));
	if (!subscription->channel || channel_add(subscription->channel, client) != 0)
		return false;
	subscription->number = subscriptions(client) + 1;
	leash_set(&subscription->next, *first);
	leash_set(first, subscription);
	return true;
}

void unsubscribe(struct client *client, const char *name, size_t length)
{
	struct subscription **end = find(client, name, length), *each;
	LEASH_AUTO struct subscription *subscription = leash_retain(*end);

	if (!subscription)
		return;
	channel_remove(subscription->channel, client);
	for (each = *client_subscriptions(client); each != subscription; each = each->next)
		each->number--;
	leash_set(end, subscription->next);
}

struct channel *last_subscription(struct client *client)
{
	struct subscription *first = *client_subscriptions(client);

	return first ? leash_retain(first->channel) : NULL;
}
