/* Channels: who subscribes, weakly; who publishes.
 *
 * A client holds its subscriptions, and they their channels; a channel knows its clients by a weak set, and is found by its name in
 * a weak map.  So a client that disconnects vanishes from its channels by itself, and a channel that no client holds
 * vanishes, too; there is nothing to undo.
 */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include "client.h"

struct channel;

bool channels_start(void);
void channels_stop(void);

/* The channel of that name, made if need be: a reference, NULL without memory. */
struct channel *channel_of(const char *name, size_t length);

/* The type of clients is LEASH_WEAKABLE, and LEASH_PROMPT, so that who has published holds no client for longer than that.
 * 0, also if it was there; -ENOMEM. */
int channel_add(struct channel *channel, struct client *client);
void channel_remove(struct channel *channel, struct client *client);
const char *channel_name(const struct channel *channel, size_t *length);

/* Gives the message to all subscribers; how many.  Any thread.  It holds each for a moment: the last reference to a client may
 * be dropped here. */
size_t channel_publish(const char *name, size_t length, const char *message, size_t message_length);

/* --- What a client is subscribed to: for its own thread, as they use client_subscriptions(). */

/* How many channels.  While there are some, the client may only use the commands that say `subscribed`. */
size_t subscriptions(struct client *client);

bool is_subscribed(struct client *client, const struct channel *channel);

/* True if it is subscribed afterwards; false without memory. */
bool subscribe(struct client *client, const char *name, size_t length);
void unsubscribe(struct client *client, const char *name, size_t length); /* or had not subscribed */

/* The channel it has subscribed to last, a reference; NULL if there is none. */
struct channel *last_subscription(struct client *client);

#endif
