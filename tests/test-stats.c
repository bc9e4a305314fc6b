/* leash_stats_print: lines of a name and a value, which add up; and what the values are of. */
#include <leash/leash.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

static char *text(void)
{
	char *buffer = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&buffer, &length);

	if (!stream || leash_stats_print(stream, LEASH_TEXT) != 0)
		bail_out("no statistics");
	fclose(stream);
	return buffer;
}

/* The sum of all values whose names begin so, or -1 where there is none. */
static long long value(const char *wanted)
{
	char *all = text();
	long long sum = -1;

	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			sum = (sum < 0 ? 0 : sum) + atoll(strrchr(line, ' ') + 1);
	free(all);
	return sum;
}

/* One word, one space, one number. */
static bool well_formed(const char *line)
{
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *number = line + name + 1;

	return name > 0 && line[name] == ' ' && isdigit((unsigned char)*number) &&
	       number[strspn(number, "0123456789")] == 0;
}

static void form(void)
{
	char *all = text();
	size_t length = strlen(all);
	int lines = 0, bad = 0;

	ok(length > 0 && all[length - 1] == '\n', "the text ends with its last line");
	for (char *line = strtok(all, "\n"); line; line = strtok(NULL, "\n")) {
		lines++;
		if (!well_formed(line)) {
			diag("%s", line);
			bad++;
		}
	}
	ok(lines >= 5, "it has several lines (%d)", lines);
	is_int(bad, 0, "each a name and a number");
	free(all);
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static struct mortal *saved;

static void saving_finalize(void *object)
{
	saved = leash_retain((struct mortal *)object);
}

static const leash_type saving_type = {
	.name = "saving", .size = sizeof(struct mortal), .finalize = saving_finalize, .destroy = mortal_destroy,
};

/* One event of each kind at a time, and which counters it moves. */
static void counters(void)
{
	long long births = value("births"), found = value("deaths");
	struct mortal *m;

	ok(births >= 0 && found >= 0, "births and deaths are among them");
	leash_release(mortal_new(&obituary));
	is_int(value("births"), births + 1, "a birth counts");
	is_int(value("deaths"), found + 1, "a death too");

	long long owner = value("deaths_owner"), shared = value("deaths_shared"), revoked = value("deaths_revoked");
	leash_release(mortal_new(&obituary));
	is_int(value("deaths_owner"), owner + 1, "one found by the owner");
	m = mortal_new(&obituary);
	leash_handoff(m);
	elsewhere(drop, m);
	is_int(value("deaths_shared"), shared + 1, "one found by a release of a merged object");
	elsewhere(drop, mortal_new(&obituary));
	eventually(deaths(&obituary) == 4, "one found by a revocation");
	is_int(value("deaths_revoked"), revoked + 1, "counts as such");
	ok(value("revocations") > 0 && value("revocation_batches") > 0, "revocations are counted");

	long long adoptions = value("adoptions"), merges = value("merges");
	m = mortal_new(&obituary);
	leash_handoff(m);
	leash_adopt(m);
	is_int(value("adoptions"), adoptions + 1, "an adoption");
	is_int(value("merges"), merges + 1, "a merge");
	leash_release(m);

	long long finalized = value("finalized"), immortals = value("immortal");
	leash_release(mortal_of(&saving_type, &obituary));
	is_int(value("finalized"), finalized + 1, "an object brought back for its finalizer");
	leash_clear(&saved);
	is_int(value("finalized"), finalized + 1, "which it is once");
	static struct mortal *immortal;
	immortal = mortal_new(&obituary);
	leash_immortalize(immortal);
	is_int(value("immortal"), immortals + 1, "an immortal object");

	long long alive = value("alive");
	m = mortal_new(&obituary);
	is_int(value("alive"), alive + 1, "objects alive");
	leash_release(m);
	is_int(value("alive"), alive, "and no longer");
	is_int(leash_shutdown(), 0, "at the end");
	is_int(value("alive"), value("immortal"), "only immortal objects are alive");
	is_int(value("births") - value("frees"), value("alive"), "births less memory freed is what is alive");
	is_int(value("deaths_") - value("finalized"), value("frees"), "deaths less finalized is memory freed");
	ok(leash_refcount(immortal) == SIZE_MAX, "the immortal object is there to the end");
}

/* Counters of many threads, ended ones included. */
static void *lives(void *argument)
{
	for (int i = 0; i < 1000; i++)
		leash_release(mortal_new(argument));
	return NULL;
}

static void threads(void)
{
	long long births = value("births"), found = value("deaths");

	for (int i = 0; i < 10; i++) {
		pthread_t one = thread_start(lives, &obituary), two = thread_start(lives, &obituary);

		thread_end(one);
		thread_end(two);
	}
	is_int(value("births"), births + 20000, "births of threads that have ended are kept");
	is_int(value("deaths"), found + 20000, "and their deaths");
}

/* Numbers are read while threads make objects here and drop them there: nothing that only grows shrinks, and nothing that is a
 * difference is negative. */
#define EXCHANGED 64
static struct mortal *exchange[EXCHANGED];
static int quiet;

static void *trade(void *argument)
{
	unsigned seed = argument != NULL;

	while (!__atomic_load_n(&quiet, __ATOMIC_RELAXED)) {
		struct mortal *m = mortal_new(&obituary);

		if (seed % 2)
			leash_handoff(m);
		leash_release(__atomic_exchange_n(&exchange[rand_r(&seed) % EXCHANGED], m, __ATOMIC_ACQ_REL));
	}
	return NULL;
}

static void beside_others(void)
{
	static const char *const growing[] = { "births", "deaths_owner", "deaths_shared", "deaths_revoked", "frees" };
	pthread_t one = thread_start(trade, NULL), two = thread_start(trade, &obituary);
	long long before[5] = { 0 }, negative = 0, shrunk = 0;

	for (int i = 0; i < 300; i++) {
		negative += value("alive") < 0 || value("block_bytes") < 0;
		for (int k = 0; k < 5; k++) {
			long long now = value(growing[k]);

			shrunk += now < before[k];
			before[k] = now;
		}
	}
	__atomic_store_n(&quiet, 1, __ATOMIC_RELAXED);
	thread_end(one);
	thread_end(two);
	is_int(negative, 0, "beside other threads no number is less than nothing");
	is_int(shrunk, 0, "and no counter goes back");
	for (int i = 0; i < EXCHANGED; i++)
		leash_clear(&exchange[i]);
	is_int(leash_shutdown(), 0, "it ends well");
}

/* Memory. */
static void memory(void)
{
	enum { BIG = 100000, BLOCKS = 10 };
	struct mortal *objects[BLOCKS];
	long long before = value("block_bytes");

	for (int i = 0; i < BLOCKS; i++) {
		objects[i] = leash_new_extra(&mortal_type, BIG);
		objects[i]->obituary = &obituary;
	}
	ok(value("block_bytes") - before >= BIG * BLOCKS && value("block_bytes") - before < 2 * BIG * BLOCKS,
	   "memory of objects is counted when it comes");
	for (int i = 0; i < BLOCKS; i++)
		leash_release(objects[i]);
	is_int(value("block_bytes"), before, "and when it goes");
}

/* A hook that does not return holds up the others: their objects wait, and so do births in the end. */
static struct baton baton = BATON;

static void stuck_destroy(void *object)
{
	baton_pass(&baton, 1);
	baton_await(&baton, 2);
	mortal_destroy(object);
}

static const leash_type stuck_type = { .name = "stuck", .size = sizeof(struct mortal), .destroy = stuck_destroy };

static void *drop_all(void *argument)
{
	struct mortal **objects = argument;

	for (int i = 0; objects[i]; i++)
		leash_release(objects[i]);
	return NULL;
}

static void queues(void)
{
	enum { FAR_TOO_MANY = 66000 };
	struct mortal **objects = calloc(FAR_TOO_MANY + 1, sizeof(*objects)), *late;
	long long waits = value("wait_count"), waited = value("wait_nanoseconds");

	elsewhere(drop, mortal_of(&stuck_type, &obituary));
	baton_await(&baton, 1);
	for (int i = 0; i < FAR_TOO_MANY; i++)
		objects[i] = mortal_new(&obituary);
	is_int(value("waiting_finalizers"), 1, "one object is in the hands of the finalizer thread");
	leash_retire(malloc(1), free);
	is_int(value("waiting_retired"), 1, "a buffer waits behind it");
	elsewhere(drop_all, objects);
	eventually(value("waiting_finalizers") == FAR_TOO_MANY + 1, "others wait, too");
	is_int(value("waiting_revocation"), 0, "and no longer for revocation");
	late = leash_new_extra(&mortal_type, 5000);
	late->obituary = &obituary;
	is_int(value("wait_count"), waits + 1, "a birth waits for a while");
	ok(value("wait_nanoseconds") >= waited + 1000000, "for a millisecond");
	is_int(value("wait_le_16777216us"), waits + 1, "it is in the last bucket");
	is_int(value("wait_le_256us"), waits, "and not in one that is too small");
	baton_pass(&baton, 2);
	eventually(value("waiting_finalizers") == 0 && value("waiting_retired") == 0, "in the end nobody waits");
	leash_release(late);
	free(objects);
}

/* An object at which revocations and rounds, whichever looks first, stay for a while. */
struct slow {
	struct slow *self;
};

static int read_in_time;

static void slow_trace(void *object, leash_visit_fn *visit, void *arg)
{
	int naps = 0;

	(void)object;
	(void)visit;
	(void)arg;
	baton_pass(&baton, 3);
	while (!__atomic_load_n(&read_in_time, __ATOMIC_ACQUIRE) && naps < 10000)
		wait_nap(&naps);
}

static const leash_type slow_type = {
	.name = "slow", .size = sizeof(struct slow), LEASH_FIELDS(struct slow, self), .trace = slow_trace,
};

static void *collect(void *unused)
{
	(void)unused;
	leash_collect(2);
	return NULL;
}

static void revocations(void)
{
	struct mortal *objects[11] = { NULL };

	elsewhere(drop, leash_new(&slow_type));
	baton_await(&baton, 3);
	for (int i = 0; i < 10; i++)
		objects[i] = mortal_new(&obituary);
	elsewhere(drop_all, objects);
	is_int(value("waiting_revocation"), 10, "while an object is revoked others wait");
	__atomic_store_n(&read_in_time, 1, __ATOMIC_RELEASE);
	eventually(value("waiting_revocation") == 0, "for their turn");
}

/* A round that takes long does not keep anybody from reading. */
static void rounds(void)
{
	struct slow *slow = leash_new(&slow_type);
	long long before = value("collections_2");
	leash_gc_stats_t stats;
	pthread_t collector;

	baton = (struct baton)BATON;
	__atomic_store_n(&read_in_time, 0, __ATOMIC_RELAXED);
	leash_set(&slow->self, slow);
	leash_release(leash_retain(slow));
	collector = thread_start(collect, NULL);
	baton_await(&baton, 3);
	is_int(value("collections_2"), before, "a round is on");
	leash_gc_stats(&stats);
	is_int((long long)stats.generation[2].collections, before, "which nobody has to wait for");
	__atomic_store_n(&read_in_time, 1, __ATOMIC_RELEASE);
	thread_end(collector);
	is_int(value("collections_2"), before + 1, "it ends");
	leash_clear(&slow->self);
	leash_release(slow);

	int frozen = (int)value("frozen");
	slow = leash_new(&slow_type);
	leash_set(&slow->self, slow);
	leash_release(leash_retain(slow));
	is_int(leash_gc_freeze(), 0, "what is frozen");
	is_int(value("frozen"), frozen + 1, "is counted");
	leash_gc_unfreeze();
	is_int(value("frozen"), 0, "as long as it is");
	is_int(value("suspects_2"), 1, "then it is a suspect");
	leash_clear(&slow->self);
	leash_release(slow);
}

static void errors(void)
{
	FILE *full = fopen("/dev/full", "w"), *closed = fopen("/dev/null", "r");
	char *buffer = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&buffer, &length);

	is_int(leash_stats_print(NULL, LEASH_TEXT), -EINVAL, "no stream: EINVAL");
	is_int(leash_stats_print(stream, (leash_format)99), -EINVAL, "an unknown format: EINVAL");
	is_int(leash_stats_print(stream, (leash_format)-1), -EINVAL, "or a negative one");
	fclose(stream);
	is_int((long long)length, 0, "and nothing is printed");
	free(buffer);
	if (full) {
		setvbuf(full, NULL, _IONBF, 0);
		is_int(leash_stats_print(full, LEASH_TEXT), -EIO, "a stream that takes nothing: EIO");
		fclose(full);
	} else {
		skip(1, "no /dev/full");
	}
	is_int(leash_stats_print(closed, LEASH_TEXT), -EIO, "a stream for reading: EIO");
	fclose(closed);
}

int main(void)
{
	form();
	counters();
	threads();
	beside_others();
	memory();
	queues();
	revocations();
	rounds();
	errors();
	is_int(leash_shutdown(), 0, "nothing is left");
	is_int(value("block_bytes"), 32, "but the memory of the immortal object");
	return done();
}
