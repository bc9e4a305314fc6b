/* What a client is subscribed to: an array of channels that the client holds.
 *
 * The array is searched from its beginning; who subscribes to thousands of channels on one connection pays for that.
 */
#include <string.h>
#include "channel.h"

size_t subscriptions(struct client *client)
{
	leash_array *channels = *client_channels(client);

	return channels ? leash_array_size(channels) : 0;
}

/* Where the channel of that name stands in the client's array; its length if it does not. */
static size_t find(struct client *client, const char *name, size_t length)
{
	size_t number = subscriptions(client), i;

	for (i = 0; i < number; i++) {
		LEASH_AUTO struct channel *channel = leash_array_get(*client_channels(client), i);
		size_t other;
		const char *bytes = channel_name(channel, &other);

		if (other == length && memcmp(bytes, name, length) == 0)
			break;
	}
	return i;
}

bool subscribe(struct client *client, const char *name, size_t length)
{
	leash_array **channels = client_channels(client);
	LEASH_AUTO struct channel *channel = NULL;

	if (find(client, name, length) < subscriptions(client))
		return true;
	if (!*channels)
		leash_set_take(channels, leash_array_new());
	channel = channel_of(name, length);
	if (!channel || !*channels || leash_array_append(*channels, channel) != 0)
		return false;
	if (channel_add(channel, client) == 0)
		return true;
	leash_release(leash_array_pop(*channels));
	return false;
}

void unsubscribe(struct client *client, const char *name, size_t length)
{
	size_t place = find(client, name, length);
	LEASH_AUTO struct channel *channel = NULL;

	if (place == subscriptions(client))
		return;
	channel = leash_array_get(*client_channels(client), place);
	channel_remove(channel, client);
	leash_array_remove(*client_channels(client), place);
}

struct channel *subscription_last(struct client *client)
{
	size_t number = subscriptions(client);

	return number ? leash_array_get(*client_channels(client), number - 1) : NULL;
}
