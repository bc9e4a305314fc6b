/* Channels: who subscribes, weakly; who publishes. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include "client.h"

/* The channel knows its subscribers weakly: one that disconnects vanishes from it by itself, and a channel that no
 * subscriber holds vanishes, too. */
struct channel;

/* The channel of that name, made if need be: a reference, NULL without memory. */
struct channel *channel_of(const char *name, size_t length);
int channel_add(struct channel *channel, struct client *client); /* -ENOMEM */
void channel_remove(struct channel *channel, struct client *client);
const char *channel_name(const struct channel *channel, size_t *length);

/* Gives the message to all subscribers; how many. */
size_t channel_publish(const char *name, size_t length, const char *message, size_t message_length);

bool channels_start(void);
void channels_stop(void);

#endif
