/* A seeded scheduler for the library's test points.
 *
 * At each test point a thread does nothing, yields, sleeps some microseconds, or, rarely, some
 * milliseconds.  If all points did all of it alike, two threads would seldom be slow at just the two
 * points of one rare interleaving; so each seed makes a few of the points hot, some mild, and leaves the others
 * cold, and a test goes through many seeds.
 *
 * A seed does not repeat a run to the last step, for the kernel has a say too; it repeats all decisions of
 * each thread, which is enough to see most failures again after a few tries.
 *
 * Inlined operations have no test points.  Interruptions reach them: each thread has a timer that sends it a
 * signal every now and then, and the handler yields or sleeps in the middle of whatever the thread was
 * doing.  The library's threads block all signals and are left alone.
 */
#include <leash/abi.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "points.h"
#include "sanitized.h"
#include "scheduler.h"
#include "tap.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define POINTS 64
static struct point {
	const char *name;
	uint64_t hash;
	uint64_t passed;
} points[POINTS];
static uint64_t all_passed;

static uint64_t seed;
static unsigned epoch; /* of the seed; threads that are not the test's notice by it */
static unsigned strangers;
static bool interrupting;

static __thread struct {
	unsigned epoch;
	uint64_t decisions, delays;
	timer_t timer;
	bool has_timer;
} self;

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* splitmix64 (Steele, Lea, Flood, 2014): any state is a good one. */
static uint64_t next(uint64_t *state)
{
	return mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

static void begin_thread(unsigned number)
{
	self.epoch = __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);
	self.decisions = mix(__atomic_load_n(&seed, __ATOMIC_RELAXED) + number);
	self.delays = mix(self.decisions);
	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
}

static void nap(uint64_t nanoseconds)
{
	struct timespec time = { 0, (long)nanoseconds };

	nanosleep(&time, NULL);
}

void scheduler_nap(unsigned microseconds)
{
	nap(1000 * (uint64_t)scheduler_below(microseconds));
}

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 0;

	for (; *name; name++)
		hash = mix(hash + (unsigned char)*name);
	return hash;
}

/* The names are literals: mostly the same address comes again. */
static struct point *point_of(const char *name)
{
	size_t i, first = (size_t)((uint64_t)(uintptr_t)name * UINT64_C(0x9e3779b97f4a7c15) >> 58);

	for (i = 0; i < POINTS; i++) {
		struct point *point = &points[(first + i) % POINTS];
		const char *found = __atomic_load_n(&point->name, __ATOMIC_ACQUIRE);

		if (!found &&
		    __atomic_compare_exchange_n(&point->name, &found, name, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			__atomic_store_n(&point->hash, hash_of(name), __ATOMIC_RELEASE);
			return point;
		}
		if (found == name)
			return point;
	}
	return &points[first];
}

/* What happens seldom, mostly on the library's threads, is slowed down more: there is time for others to do much. */
static void delay(uint64_t random, bool seldom)
{
	unsigned kind = random % 128;

	random >>= 32;
	if (kind < (seldom ? 40 : 80))
		sched_yield();
	else if (kind < (seldom ? 80 : 125))
		nap(1000 + random % 60000);
	else
		nap(200000 + random % (seldom ? 800000 : 2000000));
}

static void at_point(const char *name)
{
	struct point *point = point_of(name);
	static const unsigned often[2][3] = { { 1, 12, 80 }, { 16, 64, 160 } }; /* of 256; cold, mild, hot */
	uint64_t random, heat;
	int error = errno;
	bool seldom = __atomic_fetch_add(&point->passed, 1, __ATOMIC_RELAXED) * 64 <
		      __atomic_fetch_add(&all_passed, 1, __ATOMIC_RELAXED);

	if (self.epoch != __atomic_load_n(&epoch, __ATOMIC_RELAXED))
		begin_thread(1000 + __atomic_fetch_add(&strangers, 1, __ATOMIC_RELAXED));
	random = next(&self.delays);
	heat = mix(__atomic_load_n(&point->hash, __ATOMIC_ACQUIRE) ^ __atomic_load_n(&seed, __ATOMIC_RELAXED)) % 8;
	if ((random >> 7) % 256 < often[seldom][heat == 0 ? 2 : heat < 4])
		delay(mix(random), seldom);
	errno = error;
}

#ifdef LSH_GUESS
static bool wrong_guess(void)
{
	return next(&self.delays) % 4 != 0;
}
#endif

static void interrupted(int number)
{
	int error = errno;
	uint64_t random = next(&self.delays);

	(void)number;
	if (random % 4)
		sched_yield();
	else
		nap(1000 + random % 50000);
	errno = error;
}

static void start_interrupting(void)
{
	struct sigevent event;
	struct itimerspec interval = { { 0, 0 }, { 0, 0 } };

	memset(&event, 0, sizeof event);
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = SIGRTMIN;
	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &self.timer))
		return;
	self.has_timer = true;
	interval.it_interval.tv_nsec = interval.it_value.tv_nsec = 50000 + (long)(next(&self.delays) % 400000);
	timer_settime(self.timer, 0, &interval, NULL);
}

void scheduler_begin(uint64_t new_seed, bool interruptions)
{
	struct sigaction action;

	__atomic_store_n(&seed, new_seed, __ATOMIC_RELAXED);
	__atomic_store_n(&strangers, 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&epoch, 1, __ATOMIC_ACQ_REL);
	/* Once: threads of the library may be about from the round before. */
	if (!lsh_point_hook) {
		lsh_point_hook = at_point;
#ifdef LSH_GUESS
		lsh_guess_hook = wrong_guess;
#endif
	}
	/* ThreadSanitizer delivers signals late, in calls that block: it would only become slower. */
	interrupting = interruptions && !THREAD_SANITIZED;
	memset(&action, 0, sizeof action);
	action.sa_handler = interrupted;
	action.sa_flags = SA_RESTART;
	sigaction(SIGRTMIN, &action, NULL);
	begin_thread(0);
}

void scheduler_enter(unsigned number)
{
	begin_thread(number);
	if (interrupting)
		start_interrupting();
}

void scheduler_leave(void)
{
	if (self.has_timer)
		timer_delete(self.timer);
	self.has_timer = false;
}

uint64_t scheduler_random(void)
{
	if (self.epoch != __atomic_load_n(&epoch, __ATOMIC_RELAXED))
		begin_thread(1000 + __atomic_fetch_add(&strangers, 1, __ATOMIC_RELAXED));
	return next(&self.decisions);
}

unsigned scheduler_below(unsigned limit)
{
	return (unsigned)((scheduler_random() >> 32) * limit >> 32);
}

bool scheduler_one_in(unsigned number)
{
	return scheduler_below(number) == 0;
}

uint64_t scheduler_first_seed(void)
{
	const char *text = getenv("STRESS_SEED");
	struct timespec now;

	if (text && *text)
		return strtoull(text, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &now);
	/* Short enough to be typed. */
	return mix((uint64_t)now.tv_nsec + ((uint64_t)now.tv_sec << 30) + (uint64_t)getpid()) % 1000000000;
}

double scheduler_seconds(double proposed)
{
	const char *text = getenv("STRESS_SECONDS");
	double seconds = text ? strtod(text, NULL) : 0;

	return seconds > 0 ? seconds : proposed;
}

void scheduler_report(void)
{
	size_t i;

	for (i = 0; i < POINTS; i++)
		if (points[i].name)
			diag("passed %10llu times: %s", (unsigned long long)points[i].passed, points[i].name);
}
