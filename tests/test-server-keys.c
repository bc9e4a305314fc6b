/* The keyspace of the example server: names are spread over all parts, whatever they look like; what has expired is not there
 * for anybody; what has not been asked for longest is evicted. */
#include <stdio.h>
#include <string.h>

#include "../examples/server/keys.h"
#include "tap.h"

#define NAMES 20000
#define MEAN  (NAMES / KEYS_PARTS)

static void set(const char *name, int64_t expires, uint32_t used)
{
	LEASH_AUTO struct value *value = (struct value *)text_new("text", 4);

	if (!value)
		bail_out("no memory");
	value->expires = expires;
	if (keys_set(name, strlen(name), value) != 0)
		bail_out("no memory");
	value->used = used;
}

static bool is_there(const char *name)
{
	LEASH_AUTO struct value *value = keys_get(name, strlen(name));

	return value != NULL;
}

static bool count(const char *name, size_t length, struct value *value, void *arg)
{
	(void)name;
	(void)length;
	(void)value;
	++*(int *)arg;
	return true;
}

/* How many names are in the part that has the most. */
static int fullest(void)
{
	int most = 0;

	for (int part = 0; part < KEYS_PARTS; part++) {
		int here = 0;

		keys_each_in(part, count, &here);
		if (here > most)
			most = here;
	}
	return most;
}

static void check_parts(void)
{
	static const struct {
		const char *before;
		int digits;
		const char *after;
	} forms[] = { { "key:", 12, "" }, { "", 16, "" }, { "user:", 1, "" }, { "", 1, "" }, { "session:", 8, "" }, { "", 1, ":name" } };
	char name[40];

	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		for (int i = 0; i < NAMES; i++) {
			snprintf(name, sizeof(name), "%s%0*d%s", forms[form].before, forms[form].digits, i, forms[form].after);
			set(name, 0, 0);
		}
		is_int((long long)keys_number(), NAMES, "names such as %s", name);
		ok(fullest() < 3 * MEAN, "are spread over all parts: %d in the fullest", fullest());
		keys_clear();
	}
}

static void check_expiry(void)
{
	LEASH_AUTO struct value *held = NULL;
	char name[20];
	int i;

	set("short", clock_now() + 1000000, 0);
	held = keys_get("short", 5);
	ok(held != NULL, "a name with time left is there");
	held->expires = clock_now() - 1;
	keys_lock("short", 5);
	ok(!is_there("short"), "without, it is not");
	is_int((long long)keys_number(), 0, "and is removed, though its lock is held");
	keys_unlock("short", 5);
	is_int(held->expires, EXPIRED, "for good");
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		set(name, i % 2 ? 0 : clock_now() - 1, 0);
	}
	ok(!keys_remove("0", 1) && keys_remove("1", 1), "what has expired is not there to be removed");
	for (i = 0; i < KEYS_PARTS; i++)
		keys_expire_some();
	is_int((long long)keys_number(), 499, "by turns, it goes without being asked for");
	keys_clear();
}

static void check_eviction(void)
{
	char name[20];
	int i;

	ok(!keys_evict_one(), "nothing to evict");
	for (i = 1; i <= 10; i++) {
		snprintf(name, sizeof(name), "%d", i);
		set(name, 0, (uint32_t)i);
	}
	ok(keys_evict_one() && !is_there("1") && keys_number() == 9, "the one not used for longest goes first");
	ok(is_there("2") && keys_evict_one() && !is_there("3") && is_there("2"), "not one that has been used since");
	set("4", 0, 4000);
	ok(keys_evict_one() && !is_there("5") && is_there("4"), "nor one that has been set anew");
	for (i = 0; keys_evict_one(); i++)
		;
	is_int(i, 7, "in the end, all");
}

int main(void)
{
	if (!keys_start())
		bail_out("no memory");
	check_parts();
	check_expiry();
	check_eviction();
	keys_stop();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
