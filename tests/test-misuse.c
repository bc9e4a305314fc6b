/* What a program may do wrong: an error where the caller can handle it, else one line on stderr that names
 * object, type and fault, and abort; never corruption. */
#include <leash/leash.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "header.h"
#include "mortal.h"
#include "sanitized.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

static struct obituary obituary;

/* Tells the test which object the fault is about. */
static void announce(const void *object)
{
	printf("%p\n", object);
	fflush(stdout);
}

static struct mortal *dead_one(void)
{
	struct mortal *m = mortal_new(&obituary);

	announce(m);
	leash_release(m);
	return m;
}

static void release_dead(void)
{
	leash_release(dead_one());
}

static void exported_release_dead(void)
{
	(leash_release)(dead_one());
}

static void retain_dead(void)
{
	struct mortal *m = dead_one();

	leash_retain(m);
}

static void exported_retain_dead(void)
{
	struct mortal *m = dead_one();

	(leash_retain)(m);
}

static void *release(void *object)
{
	leash_release(object);
	leash_flush();
	return NULL;
}

static void *retain(void *object)
{
	leash_retain((struct mortal *)object);
	return NULL;
}

static void release_dead_elsewhere(void)
{
	elsewhere(release, dead_one());
}

static void retain_dead_elsewhere(void)
{
	elsewhere(retain, dead_one());
}

static void set_dead(void)
{
	struct mortal *m = dead_one(), *field = NULL;

	leash_set(&field, m);
}

/* The memory is still the object's here, so a sanitizer has nothing to say. */
static void releasing_destroy(void *object)
{
	announce(object);
	leash_release(object);
}

static void retaining_destroy(void *object)
{
	announce(object);
	leash_retain((struct mortal *)object);
}

static const leash_type releasing_type = {
	.name = "mortal that releases itself", .size = 8, .destroy = releasing_destroy,
};
static const leash_type retaining_type = {
	.name = "mortal that retains itself", .size = 8, .destroy = retaining_destroy,
};

static void release_in_destroy(void)
{
	leash_release(leash_new(&releasing_type));
}

static void retain_in_destroy(void)
{
	leash_release(leash_new(&retaining_type));
}

/* Another thread aborts. */
static void await_the_fault(void)
{
	WAIT_FOR(false);
}

/* More releases than there are references, by a thread that is not the owner: the owner alone knows
 * how many there are, and the fold finds it. */
static void *release_thrice(void *object)
{
	for (int i = 0; i < 3; i++)
		leash_release(object);
	leash_flush();
	return NULL;
}

static void over_release_owned(void)
{
	struct mortal *m = mortal_new(&obituary);

	announce(m);
	leash_retain(m);
	/* Two references, both the owner's. */
	elsewhere(release_thrice, m);
	await_the_fault();
}

static void over_release_merged(void)
{
	struct mortal *m = mortal_new(&obituary);

	announce(m);
	leash_retain(m);
	leash_handoff(m);
	elsewhere(release_thrice, m);
}

static void *handoff(void *object)
{
	leash_handoff(object);
	return NULL;
}

/* Each of two threads gives back less than there is, and both together more. */
static struct baton filed = BATON;

static void *release_twice(void *object)
{
	leash_release(object);
	leash_release(object);
	baton_pass(&filed, 1);
	return NULL;
}

static void over_release_shared(void)
{
	struct mortal *m = mortal_new(&obituary);
	pthread_t thread;

	announce(m);
	leash_retain(m);
	leash_retain(m);
	leash_handoff(m);
	thread = thread_start(release_twice, m);
	leash_release(m);
	leash_release(m);
	baton_await(&filed, 1);
	leash_flush();
	thread_end(thread);
	await_the_fault();
}

static void *make(void *unused)
{
	struct mortal *m = mortal_new(&obituary);

	(void)unused;
	return m;
}

static void over_release_of_ended_thread(void)
{
	struct mortal *m = elsewhere(make, NULL);

	announce(m);
	release_thrice(m);
	await_the_fault();
}

static long not_an_object[16] __attribute__((aligned(16)));

static void *foreign_pointer(void)
{
	leash_release(mortal_new(&obituary));
	announce(&not_an_object[8]);
	return &not_an_object[8];
}

static void retain_foreign(void)
{
	leash_retain(foreign_pointer());
}

static void retain_foreign_first(void)
{
	announce(&not_an_object[8]);
	leash_retain(&not_an_object[8]);
}

static void release_foreign(void)
{
	leash_release(foreign_pointer());
}

static void set_foreign(void)
{
	void *field = NULL;

	leash_set(&field, foreign_pointer());
}

static void release_inside(void)
{
	struct mortal *m = mortal_new(&obituary);

	announce((char *)m + 8);
	leash_release((char *)m + 8);
}

static void handoff_foreign(void)
{
	handoff(foreign_pointer());
}

static void adopt_foreign(void)
{
	leash_adopt(foreign_pointer());
}

static void close_foreign(void)
{
	leash_close(foreign_pointer());
}

static void immortalize_foreign(void)
{
	leash_immortalize(foreign_pointer());
}

static void refcount_foreign(void)
{
	leash_refcount(foreign_pointer());
}

static void set_nowhere(void)
{
	(leash_set)(NULL, NULL);
}

static void set_take_nowhere(void)
{
	(leash_set_take)(NULL, NULL);
}

static void get_nowhere(void)
{
	(leash_get)(NULL);
}

static void steal_nowhere(void)
{
	(leash_steal)(NULL);
}

static void clear_nowhere(void)
{
	(leash_clear)(NULL);
}

enum { WHERE_MEMORY_IS_KEPT = 1, WITHOUT_TYPE = 2, WITHOUT_OBJECT = 4 };

static const struct {
	const char *name;
	void (*act)(void);
	const char *options;
	int kind;
	const char *what;
} faults[] = {
	{ "release-dead", release_dead, NULL, WHERE_MEMORY_IS_KEPT, "a release of a dead object" },
	{ "exported-release-dead", exported_release_dead, NULL, WHERE_MEMORY_IS_KEPT, "the exported release of one" },
	{ "retain-dead", retain_dead, NULL, WHERE_MEMORY_IS_KEPT, "a retain of a dead object" },
	{ "exported-retain-dead", exported_retain_dead, NULL, WHERE_MEMORY_IS_KEPT, "the exported retain of one" },
	{ "release-dead-elsewhere", release_dead_elsewhere, NULL, WHERE_MEMORY_IS_KEPT,
	  "another thread's release of a dead object" },
	{ "retain-dead-elsewhere", retain_dead_elsewhere, NULL, WHERE_MEMORY_IS_KEPT,
	  "another thread's retain of a dead object" },
	{ "set-dead", set_dead, NULL, WHERE_MEMORY_IS_KEPT, "a dead object put into a field" },
	{ "release-in-destroy", release_in_destroy, NULL, 0, "a destroy that releases its own object" },
	{ "retain-in-destroy", retain_in_destroy, NULL, 0, "a destroy that retains its own object" },
	{ "over-release-owned", over_release_owned, NULL, WHERE_MEMORY_IS_KEPT,
	  "over-release of an owned object, found by the fold" },
	{ "over-release-merged", over_release_merged, NULL, WHERE_MEMORY_IS_KEPT, "over-release of a merged object" },
	{ "over-release-shared", over_release_shared, NULL, WHERE_MEMORY_IS_KEPT,
	  "over-release of a merged object by two threads" },
	{ "over-release-ended", over_release_of_ended_thread, NULL, WHERE_MEMORY_IS_KEPT,
	  "over-release of an ended thread's object" },
	{ "release-dead", release_dead, "harden:true", WITHOUT_TYPE | WHERE_MEMORY_IS_KEPT,
	  "hardened: a release of a dead object" },
	{ "retain-dead", retain_dead, "harden:true", WITHOUT_TYPE | WHERE_MEMORY_IS_KEPT,
	  "hardened: a retain of a dead object" },
	{ "retain-foreign", retain_foreign, "harden:true", WITHOUT_TYPE, "hardened: a retain of no object" },
	{ "retain-foreign-first", retain_foreign_first, "harden:true", WITHOUT_TYPE,
	  "hardened: a retain of no object before there is any" },
	{ "release-foreign", release_foreign, "harden:true", WITHOUT_TYPE, "hardened: a release of no object" },
	{ "set-foreign", set_foreign, "harden:true", WITHOUT_TYPE, "hardened: no object put into a field" },
	{ "release-inside", release_inside, "harden:true", WITHOUT_TYPE, "hardened: a pointer into an object" },
	{ "handoff-foreign", handoff_foreign, "harden:true", WITHOUT_TYPE, "hardened: a handoff of no object" },
	{ "adopt-foreign", adopt_foreign, "harden:true", WITHOUT_TYPE, "hardened: no object adopted" },
	{ "close-foreign", close_foreign, "harden:true", WITHOUT_TYPE, "hardened: no object closed" },
	{ "immortalize-foreign", immortalize_foreign, "harden:true", WITHOUT_TYPE, "hardened: no object immortalized" },
	{ "refcount-foreign", refcount_foreign, "harden:true", WITHOUT_TYPE, "hardened: references of no object" },
	{ "set-nowhere", set_nowhere, NULL, WITHOUT_OBJECT, "leash_set(NULL, ...)" },
	{ "set_take-nowhere", set_take_nowhere, NULL, WITHOUT_OBJECT, "leash_set_take(NULL, ...)" },
	{ "get-nowhere", get_nowhere, NULL, WITHOUT_OBJECT, "leash_get(NULL)" },
	{ "steal-nowhere", steal_nowhere, NULL, WITHOUT_OBJECT, "leash_steal(NULL)" },
	{ "clear-nowhere", clear_nowhere, NULL, WITHOUT_OBJECT, "leash_clear(NULL)" },
};
#define FAULTS (sizeof faults / sizeof *faults)

static void each_fault(void)
{
	for (size_t i = 0; i < FAULTS; i++) {
		struct outcome o;
		char *address;

		if (SANITIZED && (faults[i].kind & WHERE_MEMORY_IS_KEPT)) {
			skip(4, "a sanitizer finds the use of freed memory first");
			continue;
		}
		play(&o, faults[i].name, faults[i].options);
		is_int(o.signal, SIGABRT, "%s aborts", faults[i].what);
		ok(o.err_lines == 1 && strncmp(o.err, "leash: ", 7) == 0, "with one line: %s", o.err);
		address = strtok(o.out, "\n");
		if (faults[i].kind & WITHOUT_OBJECT)
			ok(strstr(o.err, "leash_") != NULL, "that names the function");
		else
			ok(address && strstr(o.err, address), "that names the object %s", address ? address : "?");
		ok((faults[i].kind & (WITHOUT_TYPE | WITHOUT_OBJECT)) || strstr(o.err, "mortal"), "and its type");
	}
}

/* Options that cannot be understood. */
static int basic(void)
{
	struct mortal *m = mortal_new(&obituary);

	leash_release(leash_retain(m));
	leash_release(m);
	return deaths(&obituary) == 1 && leash_shutdown() == 0 ? 0 : 1;
}

static void options(void)
{
	static const struct {
		const char *options, *named;
		int lines;
	} cases[] = {
		{ "hardened:true", "hardened:true", 1 },
		{ "harden:yes", "harden:yes", 1 },
		{ "harden", "harden", 1 },
		{ "harden:", "harden:", 1 },
		{ "harden:truely", "harden:truely", 1 },
		{ "Harden:true", "Harden:true", 1 },
		{ "bias:0", "bias:0", 1 },
		{ ":true", ":true", 1 },
		{ "x", "x", 1 },
		{ "harden=true", "harden=true", 1 },
		{ "bias:true, harden:true", " harden:true", 1 },
		{ "nonsense:1,bias:true", "nonsense:1", 1 },
		{ "one:1,two:2", "two:2", 2 },
		{ "", "", 0 },
		{ "bias:true", "", 0 },
		{ "bias:false,harden:true", "", 0 },
		{ "bias:true,", "", 0 },
		{ ",bias:true", "\"\"", 1 },
	};
	static char endless[3000];
	struct outcome o;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		play(&o, "basic", cases[i].options);
		is_int(o.status, 0, "LEASH_OPTIONS=\"%s\": the program goes on", cases[i].options);
		is_int(o.err_lines, cases[i].lines, "lines on stderr: %s", o.err);
		if (cases[i].lines) {
			ok(strstr(o.err, "LEASH_OPTIONS") && strstr(o.err, cases[i].named), "what is wrong is named");
			ok(strstr(o.err, "harden") && strstr(o.err, "bias"), "with what is accepted");
		}
	}
	memset(endless, 'x', sizeof endless - 1);
	play(&o, "basic", endless);
	ok(o.status == 0 && o.err_lines == 1 && strstr(o.err, "bias"), "a very long one takes one line too");
}

/* leash_shutdown inside each hook. */
static long inside[3];

static void shutdown_close(void *object)
{
	(void)object;
	inside[0] = leash_shutdown();
}

static void shutdown_finalize(void *object)
{
	(void)object;
	inside[1] = leash_shutdown();
}

static void shutdown_destroy(void *object)
{
	mortal_destroy(object);
	inside[2] = leash_shutdown();
}

static const leash_type shutting_type = {
	.name = "shutting",
	.size = sizeof(struct mortal),
	.close = shutdown_close,
	.finalize = shutdown_finalize,
	.destroy = shutdown_destroy,
};

static void shutdown_inside(void)
{
	leash_release(mortal_of(&shutting_type, &obituary));
	ok(inside[0] == -EDEADLK, "leash_shutdown inside a close is refused");
	ok(inside[1] == -EDEADLK, "inside a finalize");
	ok(inside[2] == -EDEADLK, "inside a destroy");
	memset(inside, 0, sizeof inside);
	int before = deaths(&obituary);
	/* A deferred death: the hooks run on the library's thread. */
	elsewhere(release, mortal_of(&shutting_type, &obituary));
	eventually(deaths(&obituary) == before + 1, "an object with such hooks dies");
	is_int(leash_shutdown(), 0, "and shutdown outside works");
	ok(inside[0] == -EDEADLK && inside[1] == -EDEADLK && inside[2] == -EDEADLK, "where it was refused all the same");
	memset(inside, 0, sizeof inside);
	struct mortal *m = mortal_of(&shutting_type, &obituary);
	leash_close(m);
	ok(inside[0] == -EDEADLK, "also in an explicit close");
	leash_release(m);
}

/* A hook that does not come to its end holds shutdown up for a bounded time only. */
static struct baton never = BATON;

static void blocking_destroy(void *object)
{
	baton_await(&never, 1);
	mortal_destroy(object);
}

static const leash_type blocking_type = {
	.name = "blocking", .size = sizeof(struct mortal), .destroy = blocking_destroy,
};

static int blocked_shutdown(void)
{
	long first;

	elsewhere(release, mortal_of(&blocking_type, &obituary));
	first = leash_shutdown();
	baton_pass(&never, 1);
	if (first != -ETIMEDOUT)
		return 1;
	if (leash_shutdown() != 0)
		return 2;
	return deaths(&obituary) == 1 ? 0 : 3;
}

static void bounded(void)
{
	struct outcome o;

	play(&o, "blocked", NULL);
	is_int(o.status, 0, "a hook that blocks makes leash_shutdown give up, and a later one succeed (%d)", o.signal);
	is_int(o.err_lines, 1, "with a line on stderr: %s", o.err);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		if (strcmp(argv[1], "basic") == 0)
			return basic();
		if (strcmp(argv[1], "blocked") == 0)
			return blocked_shutdown();
		for (size_t i = 0; i < FAULTS; i++)
			if (strcmp(argv[1], faults[i].name) == 0) {
				faults[i].act();
				return 0;
			}
		return 99;
	}
	each_fault();
	options();
	shutdown_inside();
	bounded();
	return done();
}
