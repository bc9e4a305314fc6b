/* Sessions: what connections of the same name share.
 *
 * They are found by their name in a weak map, which keeps none of them: a session is there as long as a client has
 * joined it.  Of all who ask for a new name at once, each gets the same session.
 */
#include <string.h>

#include "connection.h"

static leash_weak_map *sessions;

static const leash_type session_type = {
	.name = "session",
	.size = sizeof(struct session),
	.flags = LEASH_WEAKABLE,
};

bool sessions_start(void)
{
	sessions = leash_weak_map_new();
	return sessions != NULL;
}

void sessions_stop(void)
{
	leash_release(sessions);
	sessions = NULL;
}

size_t sessions_number(void)
{
	return leash_weak_map_size(sessions);
}

struct session *session_of(const char *name, size_t length)
{
	leash_key key = leash_key_bytes(name, length);
	struct session *session = leash_weak_map_get(sessions, key), *mine;

	if (session)
		return session;
	mine = leash_new_extra(&session_type, length);
	if (!mine)
		return NULL;
	mine->length = length;
	memcpy(mine->name, name, length);
	session = leash_weak_map_get_or_insert(sessions, key, mine);
	leash_release(mine);
	return session;
}
