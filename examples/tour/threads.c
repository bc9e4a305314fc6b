/* Beyond one thread: who asks the cache while a user's last reference goes gets that user, alive, or a new one;
 * never one that is dying, and never two at once. */
#include <pthread.h>
#include <string.h>

#include "user.h"

#define THREADS 8
#define ROUNDS  20000
#define NAMES   5

static const char *const names[NAMES] = { "Alice", "Bob", "Carol", "Dan", "Eve" };

static leash_weak_map *cache;
static int answers, wrong;

static void add(int *number, int amount)
{
	__atomic_fetch_add(number, amount, __ATOMIC_RELAXED);
}

/* Nobody holds a user for longer than this: they come and go all the time. */
static bool ask_twice(const char *name)
{
	LEASH_AUTO struct user *user = user_get(cache, name);
	LEASH_AUTO struct user *again = user_get(cache, name);

	return user == again && strcmp(leash_string_text(user->name), name) == 0;
}

static void *visit(void *number)
{
	unsigned turn = (unsigned)(uintptr_t)number, i;
	int mistakes = 0;

	for (i = 0; i < ROUNDS; i++) {
		turn = turn * 1664525 + 1013904223;
		mistakes += !ask_twice(names[(turn >> 16) % NAMES]);
	}
	add(&wrong, mistakes);
	add(&answers, ROUNDS);
	return NULL;
}

void many_threads(void)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	cache = need(leash_weak_map_new());
	for (i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, visit, (void *)i));
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d threads asked %d times; wrong answers: %d\n", THREADS, answers, wrong);
	printf("all users are gone: %s\n", yes_no(becomes(&users_alive, 0)));
	printf("and the cache is empty: %s\n", yes_no(leash_weak_map_size(cache) == 0));
	leash_clear(&cache);
}
