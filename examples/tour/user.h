/* Users, and the cache that finds those who are there: one object for each name, for all who ask. */
#ifndef USER_H
#define USER_H

#include "tour.h"

struct user {
	leash_string *name;
};

extern int users_alive;

/* The user of that name: the one who is there, or a new one, who is there from now on.  The caller owns it. */
struct user *user_get(leash_weak_map *cache, const char *name);

#endif
