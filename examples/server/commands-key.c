/* Commands for keys, whatever they lead to.
 *
 * SCAN.  The cursor is the number of the part of all names (keys.h) that comes next, and 0 at the end.  Each call goes through
 * whole parts, as many as COUNT asks for; so it needs to remember nothing, and a key that is there all the time is found
 * exactly once: it is always in the same part, and the walk through a part finds what is there during it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "expect.h"
#include "keys.h"
#include "names.h"

static void del(struct client *client, const struct word *words, size_t count)
{
	int64_t removed = 0;

	for (size_t i = 1; i < count; i++) {
		keys_lock(words[i].bytes, words[i].length);
		removed += keys_remove(words[i].bytes, words[i].length);
		keys_unlock(words[i].bytes, words[i].length);
	}
	reply_number(client, removed);
}

static void exists(struct client *client, const struct word *words, size_t count)
{
	int64_t there = 0;

	for (size_t i = 1; i < count; i++) {
		LEASH_AUTO struct value *value = keys_get(words[i].bytes, words[i].length);

		there += value != NULL;
	}
	reply_number(client, there);
}

static const char *name_of_kind(const struct value *value)
{
	static const char *const names[] = { [TEXT] = "string", [LIST] = "list", [HASH] = "hash" };

	return value ? names[kind_of(value)] : "none";
}

static void type(struct client *client, const struct word *words, size_t count)
{
	LEASH_AUTO struct value *value = keys_get(words[1].bytes, words[1].length);

	(void)count;
	reply_simple(client, name_of_kind(value));
}

/* --- Expiry. */

struct conditions {
	bool never, always, later, sooner; /* NX XX GT LT */
};

static bool read_conditions(struct client *client, struct conditions *when, const struct word *words, size_t count)
{
	for (size_t i = 3; i < count; i++) {
		if (word_is(&words[i], "NX"))
			when->never = true;
		else if (word_is(&words[i], "XX"))
			when->always = true;
		else if (word_is(&words[i], "GT"))
			when->later = true;
		else if (word_is(&words[i], "LT"))
			when->sooner = true;
		else {
			reply_error(client, "ERR Unsupported option %.*s", (int)words[i].length, words[i].bytes);
			return false;
		}
	}
	if (when->never && (when->always || when->later || when->sooner))
		reply_error(client, "ERR NX and XX, GT or LT options at the same time are not compatible");
	else if (when->later && when->sooner)
		reply_error(client, "ERR GT and LT options at the same time are not compatible");
	else
		return true;
	return false;
}

/* `now` is when it expires so far, 0: never, which is later than everything. */
static bool are_met(const struct conditions *when, int64_t now, int64_t wanted)
{
	return !(when->never && now) && !(when->always && !now) && !(when->later && (!now || wanted <= now)) &&
	       !(when->sooner && now && wanted >= now);
}

/* Under the key's lock. */
static bool set_expiry(const struct word *key, const struct conditions *conditions, int64_t when)
{
	LEASH_AUTO struct value *value = keys_get(key->bytes, key->length);
	int64_t now = value ? __atomic_load_n(&value->expires, __ATOMIC_RELAXED) : EXPIRED;

	if (now == EXPIRED || !are_met(conditions, now, when))
		return false;
	if (when <= clock_now())
		return keys_remove(key->bytes, key->length);
	/* Not if it has expired meanwhile. */
	return __atomic_compare_exchange_n(&value->expires, &now, when, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void expire_in(struct client *client, const struct word *words, size_t count, int64_t unit, const char *name)
{
	struct conditions conditions = { .never = false };
	int64_t when;
	bool done;

	if (!read_conditions(client, &conditions, words, count) || !expect_number(client, &words[2], &when))
		return;
	if (__builtin_mul_overflow(when, unit, &when) || __builtin_add_overflow(when, clock_now(), &when)) {
		reply_error(client, "ERR invalid expire time in '%s' command", name);
		return;
	}
	keys_lock(words[1].bytes, words[1].length);
	done = set_expiry(&words[1], &conditions, when);
	keys_unlock(words[1].bytes, words[1].length);
	reply_number(client, done);
}

static void expire(struct client *client, const struct word *words, size_t count)
{
	expire_in(client, words, count, 1000, "expire");
}

static void pexpire(struct client *client, const struct word *words, size_t count)
{
	expire_in(client, words, count, 1, "pexpire");
}

/* Milliseconds; -1: for ever, -2: it is not there. */
static int64_t time_left(const struct word *key)
{
	LEASH_AUTO struct value *value = keys_get(key->bytes, key->length);
	int64_t expires = value ? __atomic_load_n(&value->expires, __ATOMIC_RELAXED) : 0, left;

	if (!expires)
		return value ? -1 : -2;
	left = expires - clock_now();
	return left < 0 ? 0 : left;
}

static void ttl(struct client *client, const struct word *words, size_t count)
{
	int64_t left = time_left(&words[1]);

	(void)count;
	reply_number(client, left < 0 ? left : left / 1000 + (left % 1000 >= 500));
}

static void pttl(struct client *client, const struct word *words, size_t count)
{
	(void)count;
	reply_number(client, time_left(&words[1]));
}

/* --- All keys. */

struct search {
	const struct word *pattern; /* NULL: any */
	const struct word *type;
	struct names found;
	size_t seen;
	bool failed;
};

static bool find(const char *name, size_t length, struct value *value, void *arg)
{
	struct search *search = arg;

	search->seen++;
	if ((search->type && !word_is(search->type, name_of_kind(value))) ||
	    (search->pattern && !glob_matches(search->pattern->bytes, search->pattern->length, name, length)))
		return true;
	search->failed = !names_add(&search->found, name, length);
	return !search->failed;
}

static void keys(struct client *client, const struct word *words, size_t count)
{
	struct search search = { .pattern = &words[1] };

	(void)count;
	keys_each(find, &search);
	if (search.failed) {
		free(search.found.bytes);
		reply_no_memory(client);
		return;
	}
	names_reply(client, &search.found);
}

static bool read_scan(struct client *client, struct search *search, int64_t *number, const struct word *words,
		      size_t count)
{
	for (size_t i = 2; i < count; i += 2) {
		bool more = i + 1 < count;

		if (more && word_is(&words[i], "COUNT")) {
			if (!expect_number(client, &words[i + 1], number))
				return false;
			if (*number >= 1)
				continue;
		} else if (more && word_is(&words[i], "MATCH")) {
			search->pattern = &words[i + 1];
			continue;
		} else if (more && word_is(&words[i], "TYPE")) {
			search->type = &words[i + 1];
			continue;
		}
		reply_error(client, "ERR syntax error");
		return false;
	}
	return true;
}

static void scan(struct client *client, const struct word *words, size_t count)
{
	struct search search = { .pattern = NULL };
	int64_t part, number = 10;
	char cursor[24];
	int length;

	if (!bytes_are_number(words[1].bytes, words[1].length, &part)) {
		reply_error(client, "ERR invalid cursor");
		return;
	}
	if (!read_scan(client, &search, &number, words, count))
		return;
	for (; part >= 0 && part < KEYS_PARTS && (int64_t)search.seen < number && !search.failed; part++)
		keys_each_in((int)part, find, &search);
	if (search.failed) {
		free(search.found.bytes);
		reply_no_memory(client);
		return;
	}
	length = snprintf(cursor, sizeof(cursor), "%d", part > 0 && part < KEYS_PARTS ? (int)part : 0);
	reply_array(client, 2);
	reply_bytes(client, cursor, (size_t)length);
	names_reply(client, &search.found);
}

static void dbsize(struct client *client, const struct word *words, size_t count)
{
	(void)words;
	(void)count;
	reply_number(client, (int64_t)keys_number());
}

static void flushall(struct client *client, const struct word *words, size_t count)
{
	if (count > 2 || (count == 2 && !word_is(&words[1], "SYNC") && !word_is(&words[1], "ASYNC"))) {
		reply_error(client, "ERR syntax error");
		return;
	}
	keys_clear();
	reply_simple(client, "OK");
}

const struct command key_commands[] = {
	{ "DEL", -2, del, false, false, NULL },
	{ "EXISTS", -2, exists, false, false, NULL },
	{ "EXPIRE", -3, expire, false, false, NULL },
	{ "PEXPIRE", -3, pexpire, false, false, NULL },
	{ "TTL", 2, ttl, false, false, NULL },
	{ "PTTL", 2, pttl, false, false, NULL },
	{ "TYPE", 2, type, false, false, NULL },
	{ "KEYS", 2, keys, false, false, NULL },
	{ "SCAN", -2, scan, false, false, NULL },
	{ "DBSIZE", 1, dbsize, false, false, NULL },
	{ "FLUSHALL", -1, flushall, false, false, NULL },
	{ "FLUSHDB", -1, flushall, false, false, NULL },
	{ NULL, 0, NULL, false, false, NULL },
};
