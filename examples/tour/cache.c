/* A cache that holds nothing: its entries are there as long as somebody uses what they lead to. */
#include "user.h"

static void look(const leash_weak_map *cache, const char *name)
{
	LEASH_AUTO struct user *user = leash_weak_map_get(cache, leash_key_text(name));

	printf("%s is %s\n", name, user ? "there" : "not there");
}

void user_cache(void)
{
	LEASH_AUTO leash_weak_map *cache = need(leash_weak_map_new());
	LEASH_AUTO struct user *alice = user_get(cache, "Alice");
	LEASH_AUTO struct user *bob = user_get(cache, "Bob");
	LEASH_AUTO struct user *again = user_get(cache, "Alice");

	printf("users in the cache: %zu\n", leash_weak_map_size(cache));
	printf("asked again it gives the same Alice: %s\n", yes_no(again == alice));
	leash_clear(&again);
	leash_clear(&alice);
	printf("Alice logs out\n");
	look(cache, "Alice");
	look(cache, "Bob");
	printf("users in the cache: %zu\n", leash_weak_map_size(cache));
	leash_clear(&bob);
	printf("and without Bob: %zu\n", leash_weak_map_size(cache));
}
