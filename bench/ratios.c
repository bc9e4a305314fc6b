/* The measures, as quotients of two things timed alternately in one run.
 *
 *     bench/ratios [-il] [-r repetitions] [measure ...]
 *
 * prints one line a measure, `name<TAB>ratio<TAB>detail`, and nothing else on stdout.  What
 * cannot be measured here is named on stderr, and the exit status is then 1.
 *
 * Machines are shared and their clocks drift, so a single time says little.  Each repetition runs
 * short slices of all sides in turn, forwards and then backwards, and forms its own quotient; the
 * figure is the median of the repetitions, and the detail has the median times behind it and the
 * quartiles of the quotient.  Times are processor time of the whole process.
 *
 * Measures of the cycle collector are taken by this program started anew (-i), one for each: the collector remembers
 * how much it has seen, and the allocator keeps what others have used.
 */
#include "measure.h"
#include "processors.h"
#include "program.h"
#include "quantile.h"

#include <leash/leash.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPETITIONS 21
#define ROUNDS      4 /* slices of each side in one repetition; even */
#define GIVE_UP     5 /* repetitions spoilt by other programs */

static double worse(double first, double second)
{
	return first > second ? first : second;
}

static double quotient(double first, double second)
{
	return first / second;
}

/* In the order of printing.  A side is a case and the number of threads that run it at once. */
static const struct measure measures[] = {
	{ "pair_vs_naive", .sides = { { &pair_naive, 1 }, { &pair_leash, 1 } } },
	{ "pair_vs_plain", .sides = { { &pair_leash, 1 }, { &pair_plain, 1 } } },
	{ "cold_vs_naive", .sides = { { &cold_naive, 1 }, { &cold_leash, 1 } } },
	{ "depgraph_vs_naive", .special = measure_depgraph },
	{ "hot_vs_naive_2t", .sides = { { &hot_naive, 2 }, { &hot_leash, 2 } } },
	{ "hot_scaling", .combine = quotient,
	  .sides = { { &hot_leash, 2 }, { &hot_leash, 1 }, { &hot_private, 2 }, { &hot_private, 1 } } },
	{ "handoff_vs_naive", .sides = { { &handoff_naive, 1 }, { &handoff_leash, 1 } }, .repetitions = 7 },
	{ "transfer_vs_handoff", .sides = { { &transfer_leash, 1 }, { &handoff_leash, 1 } }, .repetitions = 7 },
	{ "foreign_chain", .sides = { { &chain_foreign, 1 }, { &chain_builder, 1 } }, .repetitions = 5 },
	{ "new_vs_malloc", .combine = worse,
	  .sides = { { &birth_leash, 1 }, { &birth_malloc, 1 }, { &births_leash, 1 }, { &births_malloc, 1 } } },
	{ "new_cyclic_vs_leaf", .sides = { { &birth_cyclic, 1 }, { &birth_leaf, 1 } } },
	{ "temp_cyclic_vs_leaf", .sides = { { &temp_cyclic, 1 }, { &temp_leaf, 1 } } },
	{ "weak_vs_std", .sides = { { &weak_std, 1 }, { &weak_leash, 1 } } },
	{ "weak_vs_std_2t", .sides = { { &weak_hot_std, 2 }, { &weak_hot_leash, 2 } } },
	{ "weak_vs_glib", .sides = { { &weak_glib, 1 }, { &weak_leash, 1 } } },
	{ "slot_vs_std_2t", .sides = { { &slot_hot_std, 2 }, { &slot_hot_leash, 2 } } },
	{ "peek_vs_load", .sides = { { &slot_hot_leash, 1 }, { &peek_leash, 1 } } },
	{ "weak_map_vs_glib", .sides = { { &weak_map_glib, 1 }, { &weak_map_leash, 1 } }, .repetitions = 9 },
	{ "weak_map_vs_glib_2t", .sides = { { &weak_map_glib, 2 }, { &weak_map_leash, 2 } }, .repetitions = 9 },
	{ "cycles_vs_cpython", .costs = { { "cpython", cpython_theirs }, { "leash", cpython_ours } },
	  .repetitions = 5, .fresh = true },
	{ "cycles_vs_boehm", .costs = { { "leash", boehm_ours }, { "boehm", boehm_theirs } },
	  .repetitions = 3, .fresh = true },
	{ "untouched_heap",
	  .costs = { { "a round beside 1,000,000", untouched_many }, { "beside 1,000", untouched_few } },
	  .repetitions = 5, .fresh = true },
	{ "hub", .costs = { { "with the hub", hub_with }, { "without", hub_without } },
	  .repetitions = 3, .fresh = true },
	{ "pause", .special = measure_pause, .repetitions = 3, .fresh = true },
	{ "header_bytes", .special = measure_header },
	{ "snapshot_bytes", .special = measure_snapshot, .fresh = true },
	{ "rss_churn", .special = measure_churn, .repetitions = 3, .fresh = true },
};

#define MEASURES (sizeof(measures) / sizeof(measures[0]))

/* One case may stand on several sides; it is begun and ended once. */
static bool first_of_its_case(const struct side *sides, int i)
{
	for (int j = 0; j < i; j++)
		if (sides[j].of == sides[i].of)
			return false;
	return true;
}

static bool compare(const struct measure *m, int repetitions, struct outcome *outcome)
{
	static double times[4][MAX_REPETITIONS], quotients[2][MAX_REPETITIONS];
	const int count = m->sides[2].of != NULL ? 4 : 2;
	const struct side *sides = m->sides;
	double median[2];
	int threads = 0, length = 0, taken = 0;

	for (int i = 0; i < count; i++) {
		if (sides[i].of->missing != NULL) {
			fprintf(stderr, "ratios: %s: no %s (Debian's name) and configure again\n", m->name,
				sides[i].of->missing);
			return false;
		}
	}
	for (int i = 0; i < count; i++)
		threads = sides[i].threads > threads ? sides[i].threads : threads;
	if (threads > processors_count()) {
		fprintf(stderr, "ratios: %s: needs %d processors\n", m->name, threads);
		return false;
	}
	slice_threads_start(threads);
	for (int i = 0; i < count; i++) {
		if (sides[i].of->begin != NULL && first_of_its_case(sides, i))
			sides[i].of->begin(sides[i].of);
		slice_time(&sides[i]);
	}
	for (int r = 0; r < repetitions && r - taken < GIVE_UP; r++) {
		double sum[4] = { 0 };
		bool whole = true;

		for (int round = 0; round < ROUNDS; round++) {
			for (int k = 0; whole && k < count; k++) {
				int i = round % 2 == 0 ? k : count - 1 - k;
				double time = slice_time(&sides[i]);

				whole = time >= 0;
				sum[i] += time;
			}
		}
		if (!whole)
			continue;
		for (int i = 0; i < count; i++)
			times[i][taken] = sum[i] / ROUNDS;
		for (int i = 0; i < count; i += 2)
			quotients[i / 2][taken] = sum[i] / sum[i + 1];
		taken++;
	}
	for (int i = 0; i < count; i++)
		if (sides[i].of->end != NULL && first_of_its_case(sides, i))
			sides[i].of->end(sides[i].of);
	slice_threads_stop(threads);

	if (taken < repetitions)
		fprintf(stderr, "ratios: %s: %d of %d repetitions, the processors are busy with other work\n",
			m->name, taken, repetitions);
	if (taken == 0)
		return false;
	for (int i = 0; i < count; i += 2) {
		median[i / 2] = quantile(quotients[i / 2], taken, 0.5);
		length += snprintf(outcome->detail + length, sizeof(outcome->detail) - (size_t)length,
				   "%s%s %.2f ns / %s %.2f ns (quartiles %.2f-%.2f)", i == 0 ? "" : "; ",
				   sides[i].of->name, quantile(times[i], taken, 0.5), sides[i + 1].of->name,
				   quantile(times[i + 1], taken, 0.5), quantile(quotients[i / 2], taken, 0.25),
				   quantile(quotients[i / 2], taken, 0.75));
	}
	outcome->ratio = count == 2 ? median[0] : m->combine(median[0], median[1]);
	return true;
}

static bool take_here(const struct measure *m, int repetitions)
{
	struct outcome outcome = { 0 };
	bool taken;

	if (repetitions == 0)
		repetitions = m->repetitions != 0 ? m->repetitions : REPETITIONS;
	if (m->special != NULL)
		taken = m->special(repetitions, &outcome);
	else if (m->costs[0].take != NULL)
		taken = alternate(m->costs, repetitions, &outcome);
	else
		taken = compare(m, repetitions, &outcome);
	if (!taken)
		return false;
	printf("%s\t%.3g\t%s\n", m->name, outcome.ratio, outcome.detail);
	fflush(stdout);
	return true;
}

/* By this program, started anew; it prints the line, or says why not. */
static bool take_afresh(const struct measure *m, int repetitions)
{
	char number[16];
	const char *const usual[] = { "/proc/self/exe", "-i", m->name, NULL };
	const char *const asked[] = { "/proc/self/exe", "-i", "-r", number, m->name, NULL };

	snprintf(number, sizeof(number), "%d", repetitions);
	return program_run(m->name, repetitions == 0 ? usual : asked, NULL, 0);
}

static const struct measure *find(const char *name)
{
	for (size_t i = 0; i < MEASURES; i++)
		if (strcmp(measures[i].name, name) == 0)
			return &measures[i];
	return NULL;
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [-il] [-r repetitions (1-%d)] [measure ...]\n"
			"  -i  take all of them in this process\n"
			"  -l  print the names of all measures\n", program, MAX_REPETITIONS);
	return 2;
}

int main(int argc, char **argv)
{
	int option, repetitions = 0;
	bool whole = true, here = false;
	long alive;

	while ((option = getopt(argc, argv, "ilr:")) != -1) {
		switch (option) {
		case 'i':
			here = true;
			break;
		case 'l':
			for (size_t i = 0; i < MEASURES; i++)
				puts(measures[i].name);
			return 0;
		case 'r':
			repetitions = atoi(optarg);
			if (repetitions < 1 || repetitions > MAX_REPETITIONS)
				return usage(argv[0]);
			break;
		default:
			return usage(argv[0]);
		}
	}
	for (int i = optind; i < argc; i++) {
		if (find(argv[i]) == NULL) {
			fprintf(stderr, "%s: no measure is called %s\n", argv[0], argv[i]);
			return usage(argv[0]);
		}
	}
#ifdef LEASH_SANITIZED
	if (!here)
		fprintf(stderr, "ratios: this build is watched by a sanitizer; its figures mean nothing\n");
#endif
	for (int i = 0; i < (optind == argc ? (int)MEASURES : argc - optind); i++) {
		const struct measure *m = optind == argc ? &measures[i] : find(argv[optind + i]);

		whole &= m->fresh && !here ? take_afresh(m, repetitions) : take_here(m, repetitions);
	}
	alive = leash_shutdown();
	if (alive != 0) {
		fprintf(stderr, "ratios: leash_shutdown() returned %ld, nothing should be alive\n", alive);
		return 1;
	}
	return whole ? 0 : 1;
}
