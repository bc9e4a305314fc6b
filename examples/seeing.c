/* What docs/seeing.md shows: a server with two sessions that know each other, looked at in the way that the argument says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leash/leash.h>

struct session {
	struct session *peer;
	leash_string *user;
};

struct server {
	leash_array *sessions;
};

static const leash_type session_type = {
	.name = "session",
	.size = sizeof(struct session),
	LEASH_FIELDS(struct session, peer, user),
};

static const leash_type server_type = {
	.name = "server",
	.size = sizeof(struct server),
	LEASH_FIELDS(struct server, sessions),
};

/* The server's; borrowed by the caller. */
static struct session *log_in(struct server *server, const char *name)
{
	struct session *session = leash_new(&session_type);

	leash_set_take(&session->user, leash_string_new(name));
	leash_array_append_take(server->sessions, session);
	return session;
}

static void print_referrer(const void *object, const leash_type *type, const char *field, void *arg)
{
	(void)arg;
	printf("%s of %s %p\n", field, type->name, object);
}

static int look(const char *how, struct server *server, struct session *session)
{
	if (strcmp(how, "why") == 0)
		return leash_why(session, stdout);
	/* Nothing holds it then; but nobody collects either. */
	if (strcmp(how, "cycle") == 0) {
		leash_array_clear(server->sessions);
		return leash_why(session, stdout);
	}
	if (strcmp(how, "referrers") == 0)
		return leash_referrers(session->user, print_referrer, NULL) != 1;
	if (strcmp(how, "graphviz") == 0)
		return leash_heap_dump(stdout, LEASH_GRAPHVIZ, NULL);
	if (strcmp(how, "json") == 0)
		return leash_heap_dump(stdout, LEASH_JSON, session->user);
	if (strcmp(how, "advice") == 0) {
		leash_array_clear(server->sessions);
		return leash_collect(2) != 2 || leash_advice_print(stdout, LEASH_TEXT);
	}
	if (strcmp(how, "leak") == 0)
		leash_retain(session);
	return 0;
}

int main(int argc, char **argv)
{
	struct server *server;
	struct session *alice;
	int result;

	setenv("LEASH_OPTIONS", "track:true", 0);
	leash_gc_disable();
	server = leash_new(&server_type);
	leash_set_take(&server->sessions, leash_array_new());
	alice = log_in(server, "Alice");
	leash_set(&alice->peer, log_in(server, "Bob"));
	leash_set(&alice->peer->peer, alice);
	result = look(argc > 1 ? argv[1] : "why", server, alice);
	leash_release(server);
	return result;
}
