#include "user.h"

int users_alive;

static void logged_out(void *object)
{
	(void)object;
	__atomic_fetch_sub(&users_alive, 1, __ATOMIC_RELEASE);
}

static const leash_type user_type = {
	.name = "user",
	.size = sizeof(struct user),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct user, name),
	.destroy = logged_out,
};

static struct user *user_new(const char *name)
{
	struct user *user = need(leash_new(&user_type));

	__atomic_fetch_add(&users_alive, 1, __ATOMIC_RELAXED);
	leash_set_take(&user->name, need(leash_string_new(name)));
	return user;
}

/* Whoever comes second with a new user gets the first one's, and his own goes. */
struct user *user_get(leash_weak_map *cache, const char *name)
{
	struct user *user = leash_weak_map_get(cache, leash_key_text(name));
	LEASH_AUTO struct user *fresh = user ? NULL : user_new(name);

	return user ? user : need(leash_weak_map_get_or_insert(cache, leash_key_text(name), fresh));
}
