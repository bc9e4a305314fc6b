/* Interleavings that are rare by nature and decisive, each played once and on purpose: a thread of the library, or
 * of the test, is stopped at a named point of a protocol while another one acts. */
#include <leash/leash.h>
#include <string.h>
#include <sys/wait.h>
#include "header.h"
#include "mortal.h"
#include "points.h"
#include "sanitized.h"
#include "tap.h"
#include "threads.h"
#include "wait.h"

enum { IDLE, ARMED, STOPPED, RESUMED };

static const char *stop_at;
static pthread_t stop_not; /* a thread that is let through */
static int stop_state = IDLE;
static struct obituary obituary;

static int state(void)
{
	return __atomic_load_n(&stop_state, __ATOMIC_ACQUIRE);
}

static void stop_here(const char *name)
{
	int armed = ARMED;

	if (state() != ARMED || strcmp(name, stop_at) != 0 || pthread_equal(pthread_self(), stop_not))
		return;
	if (__atomic_compare_exchange_n(&stop_state, &armed, STOPPED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		WAIT_FOR(state() == RESUMED);
}

/* From rest: the next thread that comes there, other than this one, will stop. */
static void arm(const char *name)
{
	if (leash_shutdown() < 0)
		bail_out("the library does not come to rest");
	stop_at = name;
	stop_not = pthread_self();
	__atomic_store_n(&stop_state, ARMED, __ATOMIC_RELEASE);
}

static void await_stop(void)
{
	if (!WAIT_FOR(state() == STOPPED))
		bail_out("nobody came to \"%s\"", stop_at);
}

static void resume(void)
{
	__atomic_store_n(&stop_state, RESUMED, __ATOMIC_RELEASE);
}

static void *resume_soon(void *unused)
{
	usleep(100000);
	resume();
	return unused;
}

static struct mortal *merged_new(void)
{
	struct mortal *m = mortal_new(&obituary);

	leash_handoff(m);
	return m;
}

/* Files one decrement of a merged object, and waits until the background thread has it in hand. */
static struct mortal *in_hand(const char *point)
{
	struct mortal *m = merged_new();

	arm(point);
	leave_credit(m);
	await_stop();
	return m;
}

static bool has_credits(void)
{
	return __atomic_load_n(&leash__self->credits, __ATOMIC_ACQUIRE) != NULL;
}

static void taken_table(void)
{
	static const char *const points[] = { "take over: taken", "take over: emptied" };

	for (int i = 0; i < 2; i++) {
		struct mortal *m = in_hand(points[i]);
		int before = shared_count(m);

		ok(!has_credits(), "a thread's credits are taken (%s)", points[i]);
		leash_retain(m);
		is_int(shared_count(m), before + 1, "meanwhile it counts without them: retain");
		leash_release(m);
		is_int(shared_count(m), before, "and release");
		resume();
		eventually(has_credits(), "they come back");
		eventually(shared_count(m) == 1, "what they hold is subtracted, once");
		leash_flush();
		is_int(shared_count(m), 1, "and no more");
		before = deaths(&obituary);
		leash_release(m);
		is_int(deaths(&obituary), before + 1, "so the last release is death");
	}
}

static void flush_of_a_taken_table(void)
{
	struct mortal *m = in_hand("take over: emptied");
	pthread_t thread = thread_start(resume_soon, NULL);

	leash_flush();
	is_int(shared_count(m), 1, "leash_flush() returns when the credits are subtracted, whoever does it");
	thread_end(thread);
	leash_release(m);
}

static void last_release_beside_a_taken_credit(void)
{
	struct mortal *m = in_hand("take over: emptied");
	int before = deaths(&obituary);

	leash_release(m);
	is_int(deaths(&obituary), before, "a credit in the background thread's hand keeps the object");
	resume();
	eventually(deaths(&obituary) == before + 1, "which dies when it is subtracted");
}

static struct baton leaving = BATON;

static void *leaver(void *argument)
{
	leave_credit(argument);
	baton_await(&leaving, 1);
	return NULL;
}

static void exit_with_a_taken_table(void)
{
	struct mortal *m = merged_new();
	pthread_t thread, soon;

	arm("take over: emptied");
	thread = thread_start(leaver, m);
	await_stop();
	soon = thread_start(resume_soon, NULL);
	baton_pass(&leaving, 1);
	thread_end(thread);
	thread_end(soon);
	eventually(shared_count(m) == 1, "a thread that ends while its credits are taken loses none");
	/* Its record is free for others. */
	elsewhere(leaver, m);
	eventually(shared_count(m) == 1, "nor does the next one");
	leash_release(m);
}

/* Another thread's release of a reference that the owner counted. */
static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

/* Counted at once: while a thread of the library stands still, a flush might wait for it. */
static const leash_type prompt_type = {
	.name = "prompt",
	.size = sizeof(struct mortal),
	.flags = LEASH_PROMPT,
	.destroy = mortal_destroy,
};

static struct mortal *being_revoked(int held, const char *point)
{
	struct mortal *m;

	arm(point);
	m = mortal_of(&prompt_type, &obituary);
	for (int i = 0; i < held; i++)
		leash_retain(m);
	elsewhere(drop, m);
	await_stop();
	return m;
}

static void owner_meets_revocation(void)
{
	static const char *const points[] = { "revoke: taken away", "revoke: after the grace", "fold: before the swap" };

	for (int i = 0; i < 3; i++) {
		struct mortal *m = being_revoked(3, points[i]);
		int before = deaths(&obituary);

		is_int(owner_of(m), LEASH__NOBODY, "the owner is taken away (%s)", points[i]);
		ok(shared_word(m) & LEASH__PENDING, "a fold is to come");
		ok(!leash_adopt(m), "until then there is no adoption");
		ok(!leash_is_unique(m), "and no reference known to be unique");
		for (int n = 0; n < 5; n++)
			leash_retain(m);
		leash_handoff(m);
		for (int n = 0; n < 5; n++)
			leash_release(m);
		leash_release(m);
		leash_release(m);
		is_int(deaths(&obituary), before, "counts on the way cannot kill it");
		resume();
		eventually(is_merged(m), "the fold merges");
		leash_flush();
		eventually(leash_refcount(m) == 1, "what the owner did meanwhile is counted (%zu)", leash_refcount(m));
		is_int(deaths(&obituary), before, "the object lives");
		leash_release(m);
		eventually(deaths(&obituary) == before + 1, "and dies with its last reference, once");
	}
}

static void owner_lets_go_during_revocation(void)
{
	static const char *const points[] = { "revoke: taken away", "revoke: after the grace", "fold: before the swap" };

	for (int i = 0; i < 3; i++) {
		struct mortal *m = being_revoked(3, points[i]);
		int before = deaths(&obituary);

		for (int n = 0; n < 3; n++)
			leash_release(m);
		is_int(deaths(&obituary), before, "a pending object does not die by its shared count (%s)", points[i]);
		resume();
		eventually(deaths(&obituary) == before + 1, "but by its fold");
	}
}

/* The owner is about to merge, in its guard, while another thread counts. */
static struct baton hold = BATON;

static void *owner_that_merges(void *argument)
{
	struct mortal *m = mortal_of(&prompt_type, &obituary);

	*(struct mortal **)argument = m;
	baton_pass(&hold, 1);
	baton_await(&hold, 2);
	leash_release(m);
	return NULL;
}

static void merge_meets_counts(void)
{
	struct mortal *m = NULL;
	pthread_t owner;
	int before = deaths(&obituary);

	arm("merge: before the swap");
	owner = thread_start(owner_that_merges, &m);
	baton_await(&hold, 1);
	leash_retain(m);
	leash_retain(m);
	baton_pass(&hold, 2);
	await_stop();
	ok(!is_merged(m), "an owner is about to merge");
	leash_retain(m);
	leash_release(m);
	leash_release(m);
	leash_release(m);
	is_int(shared_count(m), 0, "others subtract all they have");
	is_int(deaths(&obituary), before, "which is not death before the merge");
	resume();
	thread_end(owner);
	is_int(deaths(&obituary), before + 1, "the merge finds it");
}

static void lost_wake_up(void)
{
	for (int i = 0; i < 2; i++) {
		struct mortal *m;
		int before;

		arm("background: about to sleep");
		before = deaths(&obituary);
		m = i ? mortal_new(&obituary) : merged_new();
		elsewhere(drop, mortal_new(&obituary));
		await_stop();
		if (i) {
			/* A revocation to be made. */
			elsewhere(drop, m);
			resume();
			eventually(deaths(&obituary) == before + 2, "work that comes while it falls asleep is done");
		} else {
			leave_credit(m);
			resume();
			eventually(shared_count(m) == 1, "a credit filed while the background thread falls asleep is found");
			leash_release(m);
		}
	}
}

static void no_finalize(void *object)
{
	(void)object;
}

static const leash_type finalized_type = {
	.name = "finalized",
	.size = sizeof(struct mortal),
	.finalize = no_finalize,
	.destroy = mortal_destroy,
};

/* A fork while the library's thread has a dead object in hand. */
static void fork_with_a_burial(void)
{
	static const char *const points[] = {
		"finalizers: popped", "death: revived", "death: before the memory goes",
	};

	for (int i = 0; i < 3; i++) {
		int before, status;
		pid_t pid;

		arm(points[i]);
		before = deaths(&obituary);
		elsewhere(drop, mortal_of(&finalized_type, &obituary));
		await_stop();
		pid = fork();
		if (pid == 0) {
			lsh_point_hook = NULL;
			alarm(60);
			long left = leash_shutdown();
			/* When its destroy has run, the object is dead, and may stay where it is. */
			_exit(deaths(&obituary) == before + 1 && (i == 2 ? left >= 0 : left == 0) ? 0 : 1);
		}
		resume();
		waitpid(pid, &status, 0);
		is_int(status, 0, "a child born at \"%s\" buries the object, once", points[i]);
		eventually(deaths(&obituary) == before + 1, "and so does the parent");
	}
}

int main(void)
{
	lsh_point_hook = stop_here;
	taken_table();
	flush_of_a_taken_table();
	last_release_beside_a_taken_credit();
	exit_with_a_taken_table();
	owner_meets_revocation();
	owner_lets_go_during_revocation();
	merge_meets_counts();
	lost_wake_up();
	if (THREAD_SANITIZED)
		skip(6, "the sanitizer cannot start threads in the child of a process with threads");
	else
		fork_with_a_burial();
	is_int(leash_shutdown(), 0, "nothing is left");
	return done();
}
