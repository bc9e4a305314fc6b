/* Objects without fields and hooks: they die on shorter ways than others, so the rules are tried on them once more.
 * No hook tells of their deaths; the statistics do, and what they hold tells of a death too early. */
#include <leash/leash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

struct leaf {
	unsigned long words[3];
};

static const leash_type leaf_type = { .name = "leaf", .size = sizeof(struct leaf) };
static const leash_type prompt_type = { .name = "prompt leaf", .size = sizeof(struct leaf), .flags = LEASH_PROMPT };

static const unsigned long pattern[3] = { 0x1234567, 0x89abcdef, 0x5a5a5a5a };

static struct leaf *filled(struct leaf *leaf)
{
	memcpy(leaf->words, pattern, sizeof pattern);
	return leaf;
}

static struct leaf *leaf_new(void)
{
	return filled(leash_new(&leaf_type));
}

static bool whole(const struct leaf *leaf)
{
	return memcmp(leaf->words, pattern, sizeof pattern) == 0;
}

/* Objects whose memory has gone. */
static long frees(void)
{
	char *text = NULL, *line;
	size_t length = 0;
	long value = -1;
	FILE *stream = open_memstream(&text, &length);

	leash_stats_print(stream, LEASH_TEXT);
	fclose(stream);
	if ((line = strstr(text, "\nfrees ")))
		value = atol(line + 7);
	free(text);
	return value;
}

/* New objects take the memory of one that has died too early, and write into it. */
static void overwrite(void)
{
	struct leaf *others[500];

	for (int i = 0; i < 500; i++) {
		others[i] = leash_new(&leaf_type);
		memset(others[i], 0xee, sizeof *others[i]);
	}
	for (int i = 0; i < 500; i++)
		leash_release(others[i]);
}

static struct baton baton = BATON;

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void owner(void)
{
	long before = frees();
	struct leaf *leaf = leaf_new();

	leash_release(leash_retain(leaf));
	is_int(frees(), before, "an owner's leaf lives");
	leash_release(leaf);
	is_int(frees(), before + 1, "and dies at once with its last reference");
	leaf = leash_new_extra(&leaf_type, 100);
	leash_release(leaf);
	is_int(frees(), before + 2, "also with a tail");
	leaf = leash_new_extra(&leaf_type, 100000);
	leash_release(leaf);
	is_int(frees(), before + 3, "or a very long one");
}

static void *holder(void *object)
{
	leash_retain((struct leaf *)object);
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	ok(whole(object), "the leaf is whole");
	is_int((long long)leash_refcount(object), 1, "with one reference");
	long before = frees();
	leash_release(object);
	is_int(frees(), before + 1, "whose release, by a thread that sees it is the last, is death at once");
	return NULL;
}

static void held_by_a_stranger(void)
{
	struct leaf *leaf = leaf_new();
	pthread_t thread = thread_start(holder, leaf);
	long before;

	baton_await(&baton, 1);
	before = frees();
	leash_release(leaf);
	is_int(frees(), before, "an owner's last release leaves what a stranger holds");
	ok(is_merged(leaf), "merged");
	overwrite();
	baton_pass(&baton, 2);
	thread_end(thread);
}

/* On a merged leaf: by a thread with credits of its own, and by one that knows nothing of another's. */
static struct baton pair_baton = BATON;

static void *with_credit(void *object)
{
	leave_credit(object);
	baton_pass(&pair_baton, 1);
	baton_await(&pair_baton, 2);
	return NULL;
}

static void merged(void)
{
	struct leaf *leaf = leaf_new();
	long before;

	leash_handoff(leaf);
	for (int i = 0; i < 5; i++)
		leash_retain(leaf);
	before = frees();
	for (int i = 0; i < 5; i++)
		leash_release(leaf);
	is_int(frees(), before, "a merged leaf lives");
	overwrite();
	ok(whole(leaf), "whole");
	leash_release(leaf);
	eventually(frees() == before + 501, "and dies");

	leaf = leaf_new();
	leash_handoff(leaf);
	pthread_t thread = thread_start(with_credit, leaf);
	baton_await(&pair_baton, 1);
	before = frees();
	leash_release(leaf);
	eventually(frees() == before + 1, "another thread's deferred decrement does not keep it for ever");
	baton_pass(&pair_baton, 2);
	thread_end(thread);
}

static struct baton maker_baton = BATON;

static void *sleeping_maker(void *argument)
{
	struct leaf **leaves = argument;

	for (int i = 0; i < 100; i++)
		leash_retain(leaves[i] = leaf_new());
	baton_pass(&maker_baton, 1);
	baton_await(&maker_baton, 2);
	return NULL;
}

static void revoked(void)
{
	struct leaf *leaves[100];
	pthread_t thread = thread_start(sleeping_maker, leaves);
	long before;
	bool all = true;

	baton_await(&maker_baton, 1);
	before = frees();
	for (int i = 0; i < 100; i++)
		leash_release(leaves[i]);
	leash_flush();
	for (int i = 0; i < 100; i++)
		all &= WAIT_FOR(is_merged(leaves[i]) && leash_refcount(leaves[i]) == 1);
	ok(all, "leaves are taken from an owner who sleeps");
	is_int(frees(), before, "those that are still held live");
	overwrite();
	for (int i = 0; i < 100; i++)
		all &= whole(leaves[i]);
	ok(all, "whole");
	for (int i = 0; i < 100; i++)
		leash_release(leaves[i]);
	eventually(frees() == before + 600, "and die when dropped");
	baton_pass(&maker_baton, 2);
	thread_end(thread);
}

static void *drop_twice(void *object)
{
	leash_release(object);
	leash_release(object);
	return NULL;
}

static void revoked_to_death(void)
{
	long before = frees();
	struct leaf *leaf = leaf_new();

	elsewhere(drop_twice, leash_retain(leaf));
	eventually(frees() == before + 1, "a leaf that others drop altogether dies");
	leaf = leash_new_extra(&leaf_type, 64);
	elsewhere(drop, leaf);
	eventually(frees() == before + 2, "also with a tail");
}

static void *drop_prompt(void *object)
{
	long before = frees();

	leash_retain((struct leaf *)object);
	leash_release(object);
	is_int(shared_count(object), 1, "a prompt leaf is released at once");
	leash_release(object);
	is_int(frees(), before + 1, "and dies at once");
	return NULL;
}

static void prompt(void)
{
	struct leaf *leaf = leash_new(&prompt_type);
	long before = frees();

	leash_release(leaf);
	is_int(frees(), before + 1, "a prompt leaf dies with its owner's last reference");
	leaf = leash_new(&prompt_type);
	leash_handoff(leaf);
	elsewhere(drop_prompt, leaf);
}

static void *use_immortal(void *object)
{
	for (int i = 0; i < 100; i++)
		leash_release(object);
	leash_retain((struct leaf *)object);
	return NULL;
}

static void *make_immortal(void *object)
{
	leash_immortalize(object);
	return NULL;
}

static void immortal(void)
{
	static struct leaf *ours, *merged_one, *owned;
	long before = frees();

	ours = leaf_new();
	leash_immortalize(ours);
	merged_one = leaf_new();
	leash_handoff(merged_one);
	leash_immortalize(merged_one);
	for (int i = 0; i < 3; i++) {
		leash_release(ours);
		leash_release(merged_one);
	}
	/* By another thread, so that its owner still counts. */
	owned = leaf_new();
	elsewhere(make_immortal, owned);
	leash_release(owned);
	leash_release(owned);
	elsewhere(use_immortal, ours);
	elsewhere(use_immortal, merged_one);
	is_int(frees(), before, "immortal leaves do not die");
	overwrite();
	ok(whole(ours) && whole(merged_one) && whole(owned), "and stay whole");
	ok(leash_refcount(ours) == SIZE_MAX && leash_refcount(merged_one) == SIZE_MAX &&
		   leash_refcount(owned) == SIZE_MAX,
	   "immortal");
}

/* Threads that make, hand round and drop leaves; each is checked by whoever holds it. */
#define PLACES 64
static struct leaf *places[PLACES];

static void *churn(void *argument)
{
	unsigned seed = (unsigned)(long)argument;
	long bad = 0;

	for (int i = 0; i < (SLOW ? 20000 : 300000); i++) {
		struct leaf **place = &places[rand_r(&seed) % PLACES], *leaf = leaf_new();

		if (i % 5 == 0)
			leash_retain(leaf);
		struct leaf *old = __atomic_exchange_n(place, leaf, __ATOMIC_ACQ_REL);
		if (i % 5 == 0) {
			bad += !whole(leaf);
			leash_release(leaf);
		}
		if (!old)
			continue;
		bad += !whole(old);
		if (i % 7 == 0 && leash_adopt(old)) {
			leash_release(leash_retain(old));
			bad += !whole(old);
		} else if (i % 3 == 0) {
			leash_release(leash_retain(old));
			bad += !whole(old);
		}
		memset(old, 0xdd, leash_is_unique(old) ? sizeof *old : 0);
		leash_release(old);
	}
	return (void *)bad;
}

static void crowd(void)
{
	pthread_t threads[4];
	long bad = 0;

	for (long i = 0; i < 4; i++)
		threads[i] = thread_start(churn, (void *)(i + 1));
	for (int i = 0; i < 4; i++)
		bad += (long)thread_end(threads[i]);
	is_int(bad, 0, "no leaf that is held is ever another's");
	for (int i = 0; i < PLACES; i++)
		leash_release(places[i]);
}

int main(void)
{
	owner();
	held_by_a_stranger();
	merged();
	revoked();
	revoked_to_death();
	prompt();
	immortal();
	crowd();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
