/* hiredis, a client in C that many programs use, drives leash-server: pipelines, and channels. */
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tap.h"

#define SERVER "examples/server/leash-server"

static pid_t server;
static int port;

static void start(void)
{
	char said[256] = "";
	const char *number;
	FILE *stream;
	int ends[2];

	if (access(SERVER, X_OK))
		skip_all("no leash-server");
	if (pipe(ends) || (server = fork()) < 0)
		bail_out("no pipe, or no child");
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDOUT_FILENO);
		execl(SERVER, SERVER, "--port", "0", "--threads", "2", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	stream = fdopen(ends[0], "r");
	if (!stream || !fgets(said, sizeof(said), stream) || !(number = strrchr(said, ':')))
		bail_out("leash-server does not say its port");
	port = atoi(number + 1);
}

static redisContext *connected(void)
{
	struct timeval limit = { .tv_sec = 60 };
	redisContext *context = redisConnectWithTimeout("127.0.0.1", port, limit);

	if (!context || context->err)
		bail_out("no connection: %s", context ? context->errstr : "no memory");
	redisSetTimeout(context, limit);
	return context;
}

static redisReply *reply_of(redisContext *context)
{
	void *reply;

	if (redisGetReply(context, &reply) != REDIS_OK)
		bail_out("no reply: %s", context->errstr);
	return reply;
}

/* The next reply is this text, or this number. */
static bool says(redisContext *context, const char *text, long long number)
{
	redisReply *reply = reply_of(context);
	bool right = text ? reply->str && strcmp(reply->str, text) == 0 :
			    reply->type == REDIS_REPLY_INTEGER && reply->integer == number;

	freeReplyObject(reply);
	return right;
}

static void pipelines(redisContext *context)
{
	int i, right = 0;

	for (i = 0; i < 10000; i++) {
		redisAppendCommand(context, "SET key:%d value:%d", i, i);
		redisAppendCommand(context, "GET key:%d", i);
		redisAppendCommand(context, "INCR number");
	}
	for (i = 0; i < 10000; i++) {
		char value[32];

		snprintf(value, sizeof(value), "value:%d", i);
		right += says(context, "OK", 0);
		right += says(context, value, 0);
		right += says(context, NULL, i + 1);
	}
	is_int(right, 30000, "30000 commands sent at once are answered in their order");
}

static void kinds(redisContext *context)
{
	static const char bytes[] = "a\0b\r\nc";
	redisReply *reply;

	redisAppendCommand(context, "HSET hash %b %b", bytes, sizeof(bytes), bytes, sizeof(bytes));
	redisAppendCommand(context, "RPUSH list a b c");
	redisAppendCommand(context, "GET nothing");
	redisAppendCommand(context, "INCR list");
	redisAppendCommand(context, "HGETALL hash");
	redisAppendCommand(context, "LRANGE list 0 -1");
	ok(says(context, NULL, 1) && says(context, NULL, 3), "a hash and a list");
	reply = reply_of(context);
	is_int(reply->type, REDIS_REPLY_NIL, "nil");
	freeReplyObject(reply);
	reply = reply_of(context);
	ok(reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE ", 10) == 0, "an error");
	freeReplyObject(reply);
	reply = reply_of(context);
	ok(reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 && reply->element[1]->len == sizeof(bytes) &&
	   memcmp(reply->element[1]->str, bytes, sizeof(bytes)) == 0, "bytes of any value");
	freeReplyObject(reply);
	reply = reply_of(context);
	ok(reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && strcmp(reply->element[2]->str, "c") == 0, "the list");
	freeReplyObject(reply);
}

/* A message of this number, on the channel. */
static bool hears(redisContext *context, int number)
{
	redisReply *reply = reply_of(context);
	bool right = reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 &&
		     strcmp(reply->element[0]->str, "message") == 0 && strcmp(reply->element[1]->str, "channel") == 0 &&
		     atoi(reply->element[2]->str) == number;

	freeReplyObject(reply);
	return right;
}

static void channels(redisContext *context)
{
	redisContext *subscribers[4];
	int i, number, reached = 0, heard = 0;

	for (i = 0; i < 4; i++) {
		subscribers[i] = connected();
		freeReplyObject(redisCommand(subscribers[i], "SUBSCRIBE channel"));
	}
	for (number = 0; number < 1000; number++)
		redisAppendCommand(context, "PUBLISH channel %d", number);
	for (number = 0; number < 1000; number++)
		reached += says(context, NULL, 4);
	is_int(reached, 1000, "each message reaches all subscribers");
	for (i = 0; i < 4; i++) {
		for (number = 0; number < 1000; number++)
			heard += hears(subscribers[i], number);
		redisFree(subscribers[i]);
	}
	is_int(heard, 4000, "who hear all of them in their order");
}

int main(void)
{
	redisContext *context;
	int status;

	start();
	context = connected();
	pipelines(context);
	kinds(context);
	channels(context);
	redisFree(context);
	kill(server, SIGTERM);
	ok(waitpid(server, &status, 0) == server && WIFEXITED(status) && WEXITSTATUS(status) == 0, "it stops with status 0");
	return done();
}
