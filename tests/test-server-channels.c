/* The example server's channels: clients that subscribe, are given messages, and vanish by themselves.  Clients here are no
 * connections but what channels want of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../examples/server/channel.h"
#include "tap.h"
#include "threads.h"

#define CLIENTS  2000 /* that come and go */
#define MESSAGES 2000

struct client {
	struct subscription *subscriptions;
	struct text *last;   /* message; only of clients that no other thread gives messages */
	size_t messages;     /* atomic */
	bool many;           /* keeps none */
};

static int alive; /* clients; atomic */

static void destroy(void *object)
{
	(void)object;
	__atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
}

/* Prompt: else one that has gone could count as a subscriber until a thread that has given it a message subtracts what it has
 * deferred. */
static const leash_type client_type = {
	.name = "client",
	.size = sizeof(struct client),
	.flags = LEASH_WEAKABLE | LEASH_PROMPT,
	LEASH_FIELDS(struct client, subscriptions, last),
	.destroy = destroy,
};

static struct client *client_new(bool many)
{
	struct client *client = leash_new(&client_type);

	if (!client)
		bail_out("no memory for a client");
	__atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
	client->many = many;
	return client;
}

struct subscription **client_subscriptions(struct client *client)
{
	return &client->subscriptions;
}

void client_post(struct client *client, struct channel *channel, struct text *message)
{
	(void)channel;
	__atomic_fetch_add(&client->messages, 1, __ATOMIC_RELAXED);
	if (!client->many)
		leash_set(&client->last, message);
}

static size_t messages(const struct client *client)
{
	return __atomic_load_n(&client->messages, __ATOMIC_RELAXED);
}

static bool join(struct client *client, const char *name)
{
	return subscribe(client, name, strlen(name));
}

static void leave(struct client *client, const char *name)
{
	unsubscribe(client, name, strlen(name));
}

static size_t tell(const char *name, const char *message)
{
	return channel_publish(name, strlen(name), message, strlen(message));
}

static bool last_is(const struct client *client, const char *bytes)
{
	return client->last && client->last->length == strlen(bytes) &&
	       memcmp(client->last->bytes, bytes, client->last->length) == 0;
}

static void check_messages(void)
{
	LEASH_AUTO struct client *one = client_new(false);
	LEASH_AUTO struct client *other = client_new(false);

	is_int(tell("news", "x"), 0, "without subscribers nobody gets a message");
	ok(join(one, "news") && join(one, "weather") && join(other, "news"), "two subscribe to one channel, one to another");
	is_int(tell("news", "hello"), 2, "both get what is said in it");
	ok(last_is(one, "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n") && other->last == one->last,
	   "as the reply that Redis gives, the same text for both");
	is_int(tell("weather", ""), 1, "one gets what is said in the other");
	ok(last_is(one, "*3\r\n$7\r\nmessage\r\n$7\r\nweather\r\n$0\r\n\r\n"), "even if it is nothing");
	is_int(tell("new", "x"), 0, "another name is another channel");
	ok(join(one, "news"), "who has subscribed may subscribe again");
	is_int(subscriptions(one), 2, "and it does not count");
	is_int(tell("news", "x"), 2, "nor does he get messages twice");
	leave(one, "news");
	is_int(tell("news", "x"), 1, "who has unsubscribed gets none");
	leave(one, "news");
	is_int(subscriptions(one), 1, "and nothing happens if he does it again");
}

static bool last_named(struct client *client, const char *name)
{
	LEASH_AUTO struct channel *channel = last_subscription(client);
	size_t length;
	const char *bytes = channel ? channel_name(channel, &length) : NULL;

	return bytes && length == strlen(name) && memcmp(bytes, name, length) == 0;
}

static void check_subscriptions(void)
{
	LEASH_AUTO struct client *client = client_new(false);

	ok(subscriptions(client) == 0 && last_subscription(client) == NULL, "a client has no subscriptions at first");
	join(client, "a");
	join(client, "b");
	join(client, "c");
	ok(subscriptions(client) == 3 && last_named(client, "c"), "then three, the last one first");
	leave(client, "");
	is_int(subscriptions(client), 3, "a name that others begin with is another name");
	leave(client, "b");
	ok(subscriptions(client) == 2 && last_named(client, "c"), "one in the midst can be given up");
	leave(client, "c");
	ok(subscriptions(client) == 1 && last_named(client, "a"), "and the last");
	is_int(tell("a", "x") + tell("b", "x") + tell("c", "x"), 1, "one channel is left");
	leave(client, "a");
	ok(client->subscriptions == NULL, "and then none");
}

static void check_vanishing(void)
{
	struct client *one = client_new(false), *other = client_new(false);

	join(one, "news");
	join(other, "news");
	leash_release(one);
	is_int(tell("news", "x"), 1, "a client that has gone is no subscriber any more");
	is_int(messages(other), 1, "the other still is");
	leash_release(other);
	is_int(tell("news", "x"), 0, "when all have gone, nobody gets a message");
}

static void check_sharing(void)
{
	struct channel *one = channel_of("x", 1), *other = channel_of("x", 1), *third = channel_of("xy", 2);
	size_t length;

	ok(one && one == other && one != third, "a name leads to one channel");
	ok(memcmp(channel_name(third, &length), "xy", 2) == 0 && length == 2, "which knows it");
	leash_release(one);
	leash_release(other);
	leash_release(third);
}

/* --- Threads. */

/* Clients whose threads have ended die a moment after their last reference. */
static bool await_alive(int number)
{
	for (int i = 0; i < 1000 && __atomic_load_n(&alive, __ATOMIC_RELAXED) > number; i++)
		nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
	return __atomic_load_n(&alive, __ATOMIC_RELAXED) == number;
}

static void *talk_and_wait(void *arg)
{
	struct baton *baton = arg;

	for (int i = 0; i < 10; i++)
		tell("news", "x");
	baton_pass(baton, 1);
	baton_await(baton, 2);
	return NULL;
}

static void check_prompt(void)
{
	struct client *client = client_new(true);
	struct baton baton = BATON;
	pthread_t talker;

	join(client, "news");
	talker = thread_start(talk_and_wait, &baton);
	baton_await(&baton, 1);
	leash_release(client);
	is_int(tell("news", "x"), 0, "a client is gone at once, though another thread has just given it messages");
	baton_pass(&baton, 2);
	thread_end(talker);
}

static struct client *listener; /* hears all */

static void *come_and_go(void *arg)
{
	(void)arg;
	for (int i = 0; i < CLIENTS; i++) {
		LEASH_AUTO struct client *client = client_new(true);

		/* Others make the same channels at the same time. */
		join(client, i % 2 ? "odd" : "even");
		join(client, "all");
		if (i % 3 == 0)
			leave(client, "all");
	}
	return NULL;
}

static void *talk(void *arg)
{
	size_t *unheard = arg;

	for (int i = 0; i < MESSAGES; i++) {
		if (tell("all", "hello") == 0)
			__atomic_fetch_add(unheard, 1, __ATOMIC_RELAXED);
		tell(i % 2 ? "odd" : "even", "hello");
	}
	return NULL;
}

static void check_threads(void)
{
	void *(*const run[])(void *) = { come_and_go, come_and_go, talk, talk };
	pthread_t threads[4];
	size_t unheard = 0;
	int i;

	listener = client_new(true);
	join(listener, "all");
	for (i = 0; i < 4; i++)
		threads[i] = thread_start(run[i], &unheard);
	for (i = 0; i < 4; i++)
		thread_end(threads[i]);
	is_int(messages(listener), 2 * MESSAGES, "while clients come and go, one that stays gets each message once");
	is_int(unheard, 0, "and each counts him");
	ok(await_alive(1), "all others have died");
	is_int(tell("odd", "x") + tell("even", "x"), 0, "their channels have no subscribers");
	is_int(tell("all", "x"), 1, "and his has one");
	leash_release(listener);
}

/* Who subscribes at once gets one channel. */
static void *subscribe_at_once(void *arg)
{
	struct client *client = client_new(true);
	struct baton *baton = arg;

	baton_await(baton, 1);
	join(client, "together");
	return client;
}

static void check_beginning(void)
{
	pthread_t threads[4];
	struct client *clients[4];
	int wrong = 0, round, i;

	for (round = 0; round < 100; round++) {
		struct baton baton = BATON;

		for (i = 0; i < 4; i++)
			threads[i] = thread_start(subscribe_at_once, &baton);
		baton_pass(&baton, 1);
		for (i = 0; i < 4; i++)
			clients[i] = thread_end(threads[i]);
		wrong += tell("together", "x") != 4;
		for (i = 0; i < 4; i++)
			leash_release(clients[i]);
		wrong += !await_alive(0);
	}
	is_int(wrong, 0, "threads that subscribe to a new channel at once subscribe to the same one");
}

int main(void)
{
	ok(channels_start(), "channels can be made");
	check_messages();
	check_subscriptions();
	check_vanishing();
	check_sharing();
	check_prompt();
	check_threads();
	check_beginning();
	channels_stop();
#ifndef SERVER_NAIVE /* which does not know */
	is_int(leash_shutdown(), 0, "nothing is left");
#endif
	is_int(alive, 0, "no client either");
	return done();
}
