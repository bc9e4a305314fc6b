/* Commands for channels: one reply for each channel, with the number of those the client is subscribed to by then. */
#include <string.h>
#include "channel.h"
#include "expect.h"

static void reply_about(struct client *client, const char *what)
{
	reply_array(client, 3);
	reply_bytes(client, what, strlen(what));
}

static void subscribe_all(struct client *client, const struct word *words, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++) {
		if (!subscribe(client, words[i].bytes, words[i].length)) {
			reply_no_memory(client);
			return;
		}
		reply_about(client, "subscribe");
		reply_bytes(client, words[i].bytes, words[i].length);
		reply_number(client, (int64_t)subscriptions(client));
	}
}

static void unsubscribe_one(struct client *client, const char *name, size_t length)
{
	unsubscribe(client, name, length);
	reply_about(client, "unsubscribe");
	reply_bytes(client, name, length);
	reply_number(client, (int64_t)subscriptions(client));
}

static void unsubscribe_all(struct client *client)
{
	while (subscriptions(client) > 0) {
		LEASH_AUTO struct channel *channel = last_subscription(client);
		size_t length;
		const char *name = channel_name(channel, &length);

		unsubscribe_one(client, name, length);
	}
}

/* What was published before is heard before. */
static void unsubscribe_some(struct client *client, const struct word *words, size_t count)
{
	size_t i;

	client_deliver(client);
	if (count == 1 && subscriptions(client) == 0) {
		reply_about(client, "unsubscribe");
		reply_nil(client);
		reply_number(client, 0);
	} else if (count == 1) {
		unsubscribe_all(client);
	}
	for (i = 1; i < count; i++)
		unsubscribe_one(client, words[i].bytes, words[i].length);
}

static void publish(struct client *client, const struct word *words, size_t count)
{
	(void)count;
	reply_number(client, (int64_t)channel_publish(words[1].bytes, words[1].length, words[2].bytes,
						      words[2].length));
}

const struct command channel_commands[] = {
	{ "SUBSCRIBE", -2, subscribe_all, true, false, NULL },
	{ "UNSUBSCRIBE", -1, unsubscribe_some, true, false, NULL },
	{ "PUBLISH", 3, publish, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
