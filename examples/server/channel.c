/* Channels: found by name in a weak map, knowing their subscribers by a weak set.
 *
 * Who subscribes at once to a name that is not there yet gets the same channel as all others do: the map decides.  A channel
 * whose last client has gone is dead for the map from that moment, even if its entry is still to be taken out.
 *
 * A message is one text, the whole reply, that all subscribers are given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "channel.h"

struct channel {
	leash_weak_set *clients;
	size_t length;
	char name[];
};

/* It holds nothing that could lead back to it. */
static const leash_type channel_type = {
	.name = "channel",
	.size = sizeof(struct channel),
	.flags = LEASH_ACYCLIC | LEASH_WEAKABLE,
	LEASH_FIELDS(struct channel, clients),
};

static leash_weak_map *channels;

bool channels_start(void)
{
	channels = leash_weak_map_new();
	return channels != NULL;
}

void channels_stop(void)
{
	leash_clear(&channels);
}

static struct channel *channel_new(const char *name, size_t length)
{
	struct channel *channel = leash_new_extra(&channel_type, length);

	if (!channel)
		return NULL;
	leash_set_take(&channel->clients, leash_weak_set_new());
	channel->length = length;
	memcpy(channel->name, name, length);
	if (channel->clients)
		return channel;
	leash_release(channel);
	return NULL;
}

struct channel *channel_of(const char *name, size_t length)
{
	leash_key key = leash_key_bytes(name, length);
	struct channel *channel = leash_weak_map_get(channels, key);
	LEASH_AUTO struct channel *fresh = NULL;

	if (channel)
		return channel;
	fresh = channel_new(name, length);
	return fresh ? leash_weak_map_get_or_insert(channels, key, fresh) : NULL;
}

int channel_add(struct channel *channel, struct client *client)
{
	return leash_weak_set_add(channel->clients, client);
}

void channel_remove(struct channel *channel, struct client *client)
{
	leash_weak_set_remove(channel->clients, client);
}

const char *channel_name(const struct channel *channel, size_t *length)
{
	*length = channel->length;
	return channel->name;
}

/* The reply that brings a message. */
static struct text *message_of(const char *name, size_t length, const char *message, size_t message_length)
{
	struct text *text = NULL;
	char *bytes = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&bytes, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "*3\r\n$7\r\nmessage\r\n$%zu\r\n", length);
	fwrite(name, 1, length, stream);
	fprintf(stream, "\r\n$%zu\r\n", message_length);
	fwrite(message, 1, message_length, stream);
	fputs("\r\n", stream);
	if (fclose(stream) == 0)
		text = text_new(bytes, size);
	free(bytes);
	return text;
}

struct publish {
	struct channel *channel;
	struct text *message;
	size_t receivers;
};

static bool give(void *client, void *arg)
{
	struct publish *publish = arg;

	client_post(client, publish->channel, publish->message);
	publish->receivers++;
	return true;
}

size_t channel_publish(const char *name, size_t length, const char *message, size_t message_length)
{
	LEASH_AUTO struct channel *channel = leash_weak_map_get(channels, leash_key_bytes(name, length));
	LEASH_AUTO struct text *text = NULL;
	struct publish publish = { channel, NULL, 0 };

	if (!channel)
		return 0;
	text = message_of(name, length, message, message_length);
	if (!text)
		return 0;
	publish.message = text;
	leash_weak_set_each(channel->clients, give, &publish);
	return publish.receivers;
}
