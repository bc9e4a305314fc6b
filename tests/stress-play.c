/* Plays a stress in several configurations, each in a process of its own, since the library reads its options
 * once, and a defect may end it.
 *
 * A configuration plays rounds until its time is up.  Each begins with a schedule by a seed of its own and ends with
 * the library at rest and the oracle satisfied, so that a failure can be looked for in one round: the
 * round's seed is told, and STRESS_SEED=that begins with this round.
 *
 *     STRESS_SEED     the first round's seed; the next ones count up from there
 *     STRESS_SECONDS  for each configuration
 *     STRESS_ONLY     the name of the one configuration to play
 *     STRESS_VERBOSE  if set, tells how often each test point was passed
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sanitized.h"
#include "scheduler.h"
#include "stress-oracle.h"
#include "stress-play.h"
#include "tap.h"

#define PROPOSED_SECONDS 1.0
#define PATIENCE 90 /* seconds more; a round that hangs is ended by a signal */

/* What a configuration's process tells of itself, even when it dies: shared memory, by an inherited descriptor. */
struct progress {
	uint64_t seed;
	uint64_t rounds, objects;
	uint64_t finished;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct progress *map(int fd)
{
	void *memory = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		bail_out("no shared memory");
	return memory;
}

static int play_here(const struct configuration *configuration, struct progress *progress)
{
	uint64_t seed = scheduler_first_seed();
	double seconds = scheduler_seconds(PROPOSED_SECONDS) * configuration->share;
	double end = now() + seconds;

	alarm((unsigned)seconds + PATIENCE);
	do {
		progress->seed = seed;
		scheduler_begin(seed, scheduler_random() % 2 == 0);
		oracle_begin(configuration->resurrect);
		configuration->round();
		oracle_end();
		progress->objects += oracle_made();
		progress->rounds++;
		seed++;
	} while (now() < end);
	if (getenv("STRESS_VERBOSE"))
		scheduler_report();
	progress->finished = 1;
	return 0;
}

static void play_in_process(const struct configuration *configuration)
{
	static char self[] = "/proc/self/exe";
	char number[16];
	int fd = memfd_create("progress", 0), status = 0;
	struct progress *progress;
	pid_t child;

	if (fd < 0 || ftruncate(fd, sizeof(*progress)))
		bail_out("no shared memory");
	progress = map(fd);
	snprintf(number, sizeof number, "%d", fd);
	fflush(NULL);
	child = fork();
	if (child < 0)
		bail_out("no process");
	if (child == 0) {
		char *arguments[] = { self, (char *)(uintptr_t)configuration->name, number, NULL };

		if (configuration->options)
			setenv("LEASH_OPTIONS", configuration->options, 1);
		else
			unsetenv("LEASH_OPTIONS");
		execv(self, arguments);
		_exit(126);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status))
		status = WEXITSTATUS(status);
	else
		status = -WTERMSIG(status);
	ok(status == 0 && progress->finished, "%s: %" PRIu64 " rounds, %" PRIu64 " objects: each dies once, none early, none is left",
	   configuration->name, progress->rounds, progress->objects);
	if (status || !progress->finished)
		diag("%s: status %d in the round with STRESS_SEED=%" PRIu64 " STRESS_ONLY=%s", configuration->name,
		     status, progress->seed, configuration->name);
	munmap(progress, sizeof(*progress));
	close(fd);
}

int stress_play(int argc, char **argv, const struct configuration *configurations, int number)
{
	const char *only = getenv("STRESS_ONLY");
	char seed[32];
	int i;

	for (i = 0; i < number && argc == 3; i++)
		if (strcmp(configurations[i].name, argv[1]) == 0)
			return play_here(&configurations[i], map(atoi(argv[2])));
	snprintf(seed, sizeof seed, "%" PRIu64, scheduler_first_seed());
	setenv("STRESS_SEED", seed, 1);
	diag("STRESS_SEED=%s", seed);
	for (i = 0; i < number; i++)
		if (!only || strcmp(only, configurations[i].name) == 0)
			play_in_process(&configurations[i]);
	return done();
}
