/* Threads: attached by their first operation, gone without a trace, however many and however they end; and beside
 * a program's own use of liburcu. */
#include <leash/leash.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu-bp.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

#define CREW 8
#define ALL (THREAD_SANITIZED ? 16000 : 100000)
/* In the last round a sanitizer has already taken leave of the thread. */
#define ROUNDS (PTHREAD_DESTRUCTOR_ITERATIONS - SANITIZED)

static struct obituary obituary;

static void *attach_by_new(void *argument)
{
	(void)argument;
	ok(leash__self->id == LEASH__UNATTACHED, "a thread that has done nothing is not attached");
	struct mortal *m = mortal_new(&obituary);
	ok(is_mine(m), "its first object attaches it, and is its own");
	leash_release(m);
	return NULL;
}

static void *attach_by_retain(void *argument)
{
	struct mortal *m = argument;

	ok(leash_retain(m) == m, "a first retain works");
	ok(leash__self->id != LEASH__UNATTACHED, "and attaches");
	leash_release(m);
	return NULL;
}

static void *attach_by_release(void *argument)
{
	leash_release(argument);
	ok(leash__self->id != LEASH__UNATTACHED, "a first release attaches");
	return NULL;
}

static void *ask_only(void *argument)
{
	ok(leash_refcount(argument) == 1 && !leash_is_unique(argument) && leash_typeof(argument) == &mortal_type,
	   "questions are answered to a thread that is not attached");
	leash_flush();
	return NULL;
}

static void attach(void)
{
	struct mortal *m = mortal_new(&obituary);
	int before = deaths(&obituary);

	elsewhere(attach_by_new, NULL);
	elsewhere(attach_by_retain, m);
	elsewhere(attach_by_release, leash_retain(m));
	eventually(leash_refcount(m) == 1, "what they did counts, once");
	leash_release(m);
	m = mortal_new(&obituary);
	elsewhere(ask_only, m);
	leash_release(m);
	eventually(deaths(&obituary) == before + 3, "nothing keeps their objects");
}

/* One of very many threads: makes objects, shares some, leaves one behind for another to drop. */
static struct mortal *meeting[CREW];
static int highest_id;

static void *passer_by(void *argument)
{
	int seat = *(int *)argument, highest;
	struct mortal *m = mortal_new(&obituary), *other;

	leash_release(leash_retain(m));
	for (int i = 0; i < 3; i++)
		leash_release(mortal_new(&obituary));
	other = __atomic_exchange_n(&meeting[seat], m, __ATOMIC_ACQ_REL);
	leash_release(leash_retain(other));
	leash_release(other);
	highest = __atomic_load_n(&highest_id, __ATOMIC_RELAXED);
	while (leash__self->id > highest &&
	       !__atomic_compare_exchange_n(&highest_id, &highest, leash__self->id, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	return NULL;
}

static long resident_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof line, status))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (status)
		fclose(status);
	return kib;
}

static void come_and_go(void)
{
	int seats[CREW], before = deaths(&obituary);
	long early = 0, late;

	for (int done_so_far = 0; done_so_far < ALL; done_so_far += CREW) {
		pthread_t threads[CREW];

		for (int i = 0; i < CREW; i++) {
			seats[i] = (i + done_so_far / CREW) % CREW;
			threads[i] = thread_start(passer_by, &seats[i]);
		}
		for (int i = 0; i < CREW; i++)
			thread_end(threads[i]);
		if (done_so_far == ALL / 5 / CREW * CREW)
			early = resident_kib();
	}
	late = resident_kib();
	for (int i = 0; i < CREW; i++)
		leash_release(__atomic_exchange_n(&meeting[i], NULL, __ATOMIC_ACQ_REL));
	eventually(deaths(&obituary) == before + 4 * ALL, "all objects of %d threads die (%d)", ALL,
	   deaths(&obituary) - before);
	ok(highest_id > 0 && highest_id < 1000, "their ids are used again (the highest was %d)", highest_id);
	if (SANITIZED)
		skip(1, "a sanitizer keeps memory of its own");
	else
		ok(late - early < 16 << 10, "their memory too (%ld KiB, then %ld)", early, late);
}

/* Destructors of the program's own keys, which run before and after the library's, in several rounds. */
static pthread_key_t early_key, late_key;

struct legacy {
	pthread_key_t *key;
	struct mortal *mine, *foreign;
	int rounds;
};

static void legacy_end(void *value)
{
	struct legacy *legacy = value;
	struct mortal *fresh = mortal_new(&obituary), *kept = leash_retain(fresh);

	leash_release(leash_retain(legacy->mine));
	leash_release(leash_retain(legacy->foreign));
	leash_release(fresh);
	/* The object made in the last round is dropped in this one. */
	leash_release(legacy->mine);
	legacy->mine = kept;
	if (++legacy->rounds < ROUNDS) {
		pthread_setspecific(*legacy->key, legacy);
		return;
	}
	leash_release(legacy->mine);
	leash_release(legacy->foreign);
	leash_flush();
	free(legacy);
}

static struct legacy *legacy_new(pthread_key_t *key, struct mortal *foreign)
{
	struct legacy *legacy = calloc(1, sizeof *legacy);

	legacy->key = key;
	legacy->mine = mortal_new(&obituary);
	legacy->foreign = leash_retain(foreign);
	pthread_setspecific(*key, legacy);
	return legacy;
}

static void *with_legacy(void *foreign)
{
	legacy_new(&early_key, foreign);
	legacy_new(&late_key, foreign);
	leash_release(leash_retain((struct mortal *)foreign));
	return NULL;
}

/* Its first operation of all is in a destructor. */
static void late_start(void *value)
{
	struct mortal *m = mortal_new(&obituary);

	leash_release(leash_retain(m));
	leash_release(value);
	leash_release(m);
}

static pthread_key_t first_use_key;

static void *starts_late(void *foreign)
{
	pthread_setspecific(first_use_key, foreign);
	return NULL;
}

static void destructors(void)
{
	int threads = SLOW ? 200 : 2000, before = deaths(&obituary);
	/* One object for each of two keys, and one more a round. */
	int each = 2 + 2 * ROUNDS;
	struct mortal *foreign = mortal_new(&obituary), *merged = mortal_new(&obituary);

	leash_handoff(merged);
	for (int i = 0; i < threads; i += 2) {
		pthread_t one = thread_start(with_legacy, foreign), two = thread_start(with_legacy, merged);

		thread_end(one);
		thread_end(two);
	}
	eventually(deaths(&obituary) == before + threads * each,
	   "objects made and dropped by a program's own destructors die (%d of %d)", deaths(&obituary) - before,
	   threads * each);
	eventually(leash_refcount(foreign) == 1, "references dropped there are subtracted");
	eventually(leash_refcount(merged) == 1, "also from a merged object");
	before = deaths(&obituary);
	for (int i = 0; i < 100; i++)
		elsewhere(starts_late, leash_retain(foreign));
	eventually(deaths(&obituary) == before + 100 && leash_refcount(foreign) == 1,
	   "a thread may begin to use the library in a destructor");
	leash_release(foreign);
	leash_release(merged);
}

/* A new thread with the id of an ended one owns what that one left. */
static void *leaves_one(void *argument)
{
	*(struct mortal **)argument = mortal_new(&obituary);
	return NULL;
}

static void *counts_on_it(void *argument)
{
	struct mortal *m = argument;

	for (int i = 0; i < 100; i++)
		leash_retain(m);
	for (int i = 0; i < 100; i++)
		leash_release(m);
	return NULL;
}

static void inheritance(void)
{
	int before = deaths(&obituary), wrong = 0;
	struct mortal *left[50];

	for (int i = 0; i < 50; i++)
		elsewhere(leaves_one, &left[i]);
	for (int i = 0; i < 50; i++) {
		elsewhere(counts_on_it, left[i]);
		counts_on_it(left[i]);
	}
	for (int i = 0; i < 50; i++)
		wrong += !WAIT_FOR(leash_refcount(left[i]) == 1);
	is_int(wrong, 0, "objects of ended threads count right in others' hands");
	is_int(deaths(&obituary), before, "and live");
	for (int i = 0; i < 50; i++)
		leash_release(left[i]);
	eventually(deaths(&obituary) == before + 50, "until they are dropped");
}

/* The program's own read sections and grace periods. */
static struct mortal *published;
static int stop;

static void *reader(void *argument)
{
	long reads = 0;

	(void)argument;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) || reads < 100) {
		rcu_read_lock();
		struct mortal *m = leash_retain(__atomic_load_n(&published, __ATOMIC_ACQUIRE));
		/* A read section around the library's calls, births and deaths included. */
		leash_release(mortal_new(&obituary));
		reads++;
		rcu_read_unlock();
		leash_release(m);
	}
	return (void *)reads;
}

static void beside_rcu(void)
{
	pthread_t threads[3];
	int rounds = SLOW ? 100 : 1000, before = deaths(&obituary);
	long reads = 0;

	published = mortal_new(&obituary);
	for (int i = 0; i < 3; i++)
		threads[i] = thread_start(reader, NULL);
	for (int i = 0; i < rounds; i++) {
		struct mortal *old = __atomic_exchange_n(&published, mortal_new(&obituary), __ATOMIC_ACQ_REL);

		synchronize_rcu();
		leash_release(old);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		reads += (long)thread_end(threads[i]);
	leash_release(published);
	eventually(deaths(&obituary) == before + rounds + 1 + (int)reads,
	   "beside a program's own read sections everything dies (%d of %d)", deaths(&obituary) - before,
	   rounds + 1 + (int)reads);
}

/* Retired buffers wait for whoever may be reading them: for read sections, and for operations on counts. */
static struct baton reading = BATON;
static int freed;

static void note_free(void *buffer)
{
	(void)buffer;
	__atomic_store_n(&freed, 1, __ATOMIC_RELEASE);
}

static void *in_section(void *argument)
{
	(void)argument;
	rcu_read_lock();
	baton_pass(&reading, 1);
	baton_await(&reading, 2);
	rcu_read_unlock();
	return NULL;
}

static void *in_guard(void *argument)
{
	struct leash__thread *self;

	(void)argument;
	leash_release(mortal_new(&obituary));
	self = leash__self;
	leash__enter(self);
	baton_pass(&reading, 3);
	baton_await(&reading, 4);
	leash__leave(self);
	return NULL;
}

static void retired_buffers(void)
{
	void *(*const readers[])(void *) = { in_section, in_guard };
	static char buffer[8];

	for (int i = 0; i < 2; i++) {
		pthread_t thread = thread_start(readers[i], NULL);

		baton_await(&reading, 2 * i + 1);
		freed = 0;
		leash_retire(buffer, note_free);
		usleep(200000);
		is_int(__atomic_load_n(&freed, __ATOMIC_ACQUIRE), 0, "a retired buffer stays while it may be read");
		baton_pass(&reading, 2 * i + 2);
		eventually(__atomic_load_n(&freed, __ATOMIC_ACQUIRE) == 1, "and goes when it cannot be any more");
		thread_end(thread);
	}
}

int main(void)
{
	pthread_key_create(&early_key, legacy_end);
	pthread_key_create(&first_use_key, late_start);
	attach();
	pthread_key_create(&late_key, legacy_end);
	come_and_go();
	destructors();
	inheritance();
	beside_rcu();
	retired_buffers();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
