/* Whether memory piles up while objects are born and die, with automatic collection; the worse of two programs.
 *
 * pairs: garbage that only the collector can find.
 * temporaries: a thousand at a time, each retained and released, then released for good.  Every one dies by
 * count, so there are no more and more objects that would call for a collection; but the collector has heard of
 * them.
 *
 * The resident size is looked at every 10,000 objects, since garbage comes and goes in waves: compared are the
 * median of the last looks and that of those before the first million was full.  A repetition is five million
 * objects more; twenty (`-r 20`) are the hundred millions that the measure is defined by.
 */
#include "measure.h"

#include "case.h"
#include "pairs.h"
#include "quantile.h"

#include <fcntl.h>
#include <leash/leash.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STEP  10000
#define LOOKS 50
#define FIRST 1000000
#define EACH  5000000
#define LIVE  1000

struct temporary {
	struct temporary *left, *right;
};

static const leash_type temporary_type = {
	.name = "temporary",
	.size = sizeof(struct temporary),
	LEASH_FIELDS(struct temporary, left, right),
};

static void temporaries(long objects)
{
	static struct temporary *all[LIVE];

	for (; objects > 0; objects -= LIVE) {
		for (int i = 0; i < LIVE; i++)
			all[i] = leash_new(&temporary_type);
		for (int i = 0; i < LIVE; i++)
			(void)leash_retain(all[i]);
		bench_barrier();
		for (int i = 0; i < LIVE; i++)
			leash_release(all[i]);
		for (int i = 0; i < LIVE; i++)
			leash_clear(&all[i]);
	}
}

/* In megabytes; 0 where the system does not tell. */
static double resident(void)
{
	char line[200] = "", *resident_pages;
	int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, line, sizeof(line) - 1);

	if (file >= 0)
		close(file);
	if (length <= 0)
		return 0;
	strtol(line, &resident_pages, 10);
	return (double)strtol(resident_pages, NULL, 10) * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

struct sizes {
	double early, late;
};

/* Makes so many more; the size during the last of them. */
static double churn(void (*make)(long objects), long objects)
{
	double looks[LOOKS];

	make(objects - (long)STEP * LOOKS);
	for (int i = 0; i < LOOKS; i++) {
		make(STEP);
		looks[i] = resident();
	}
	return quantile(looks, LOOKS, 0.5);
}

static struct sizes observe(void (*make)(long objects), long objects)
{
	struct sizes sizes;

	sizes.early = churn(make, FIRST);
	sizes.late = churn(make, objects - FIRST);
	return sizes;
}

bool measure_churn(int repetitions, struct outcome *outcome)
{
	const long objects = (long)EACH * repetitions;
	struct sizes pairs, temps;

	if (resident() == 0) {
		fprintf(stderr, "ratios: rss_churn: needs /proc/self/statm\n");
		return false;
	}
	pairs = observe(pairs_drop, objects);
	temps = observe(temporaries, objects);
	outcome->ratio = pairs.late / pairs.early;
	if (outcome->ratio < temps.late / temps.early)
		outcome->ratio = temps.late / temps.early;
	snprintf(outcome->detail, sizeof(outcome->detail),
		 "after %ld million / after 1 million: pairs %.1f MB / %.1f MB; temporaries %.1f MB / %.1f MB%s",
		 objects / 1000000, pairs.late, pairs.early, temps.late, temps.early,
		 repetitions < 20 ? " (-r 20 for 100 million)" : "");
	return true;
}
