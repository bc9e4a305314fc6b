/* depgraph: who depends on whom, in managed objects, counted in two ways.
 *
 * Reads a Debian package database, builds it as a graph of objects twice, once counted by leash
 * and once by naive atomics, lets threads resolve dependency closures in both, by turns, and
 * says how fast each was.  Then it drops both graphs and says which objects did not die and
 * why, and proves it by an independent computation (predict.c).  Last it has leash collect what
 * did not die, while the threads walk a second graph.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <leash/collect.h>
#include <leash/see.h>
#include <leash/version.h>
#include "database.h"
#include "engine.h"
#include "measure.h"
#include "predict.h"
#include "progress.h"
#include "report.h"

#define DEFAULT_INPUT "/var/lib/dpkg/status"
#define THREADS_MAX   1024
#define SECONDS_MAX   86400

struct options {
	const char *path;
	const char *picture; /* where to, or NULL */
	unsigned threads;
	double seconds;
	uint64_t seed;
	bool all, ratio;
};

struct job {
	struct options options;
	const char *source; /* the path for people */
	struct pool *pool;
	struct database db;
	struct prediction prediction;
	struct measurement measurement;
};

static const struct engine *const engines[ENGINES] = { &leash_engine, &naive_engine };

static void print_usage(FILE *out)
{
	fputs("usage: depgraph [-t THREADS] [-d SECONDS] [-s SEED] [--all] [--picture=TO] [--ratio] [FILE]\n", out);
}

static void print_help(void)
{
	print_usage(stdout);
	puts("Builds a Debian package database as a graph of reference-counted objects, once over\n"
	     "leash and once over naive atomic counters, walks dependency closures in both, and\n"
	     "tells which objects counting alone cannot free; leash then collects them.\n"
	     "\n"
	     "  FILE                  a package database (default " DEFAULT_INPUT "),\n"
	     "                        - for standard input: apt-cache dumpavail | depgraph -\n"
	     "  -t, --threads=N       threads that load and walk (default 2)\n"
	     "  -d, --duration=SECS   how long to walk, both together (default 3)\n"
	     "  -s, --seed=N          for the choice of packages (default 1)\n"
	     "  -a, --all             name everything that does not die\n"
	     "      --picture=TO      draw what does not die, as a graph for dot, into this file; wants\n"
	     "                        LEASH_OPTIONS=track:true, which is set if it is empty\n"
	     "      --ratio           print only how many times as many steps leash makes, a tab,\n"
	     "                        and details; walks for 2.4 seconds unless told otherwise\n"
	     "      --version         print the version and exit\n"
	     "  -h, --help            print this and exit\n"
	     "\n"
	     "Exit status: 0; 1 if the input is malformed or what is left of the graph or collected\n"
	     "is not what was predicted; 2 if the command line is wrong.");
}

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "depgraph: %s: '%s'\n", what, value);
	print_usage(stderr);
	return 2;
}

/* Every option is optional; returns -1 to go on, else the exit status. */
static int parse_options(struct options *o, int argc, char **argv)
{
	enum { PICTURE = 256, RATIO, SHOW_VERSION };
	static const struct option long_options[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "duration", required_argument, NULL, 'd' },
		{ "seed", required_argument, NULL, 's' },
		{ "all", no_argument, NULL, 'a' },
		{ "picture", required_argument, NULL, PICTURE },
		{ "ratio", no_argument, NULL, RATIO },
		{ "version", no_argument, NULL, SHOW_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char *end;
	long threads;
	int c;

	*o = (struct options){ .path = DEFAULT_INPUT, .threads = 2, .seed = 1 };
	while ((c = getopt_long(argc, argv, "t:d:s:ah", long_options, NULL)) != -1) {
		errno = 0;
		switch (c) {
		case 't':
			threads = strtol(optarg, &end, 10);
			if (end == optarg || *end != '\0' || threads < 1 || threads > THREADS_MAX)
				return usage_error("not a number of threads from 1 to 1024", optarg);
			o->threads = (unsigned)threads;
			break;
		case 'd':
			o->seconds = strtod(optarg, &end);
			if (end == optarg || *end != '\0' ||
			    !(o->seconds > 0 && o->seconds <= SECONDS_MAX))
				return usage_error("not a duration in seconds", optarg);
			break;
		case 's':
			o->seed = strtoull(optarg, &end, 10);
			if (end == optarg || *end != '\0' || errno != 0 || *optarg == '-')
				return usage_error("not a seed", optarg);
			break;
		case 'a':
			o->all = true;
			break;
		case PICTURE:
			o->picture = optarg;
			break;
		case RATIO:
			o->ratio = true;
			break;
		case SHOW_VERSION:
			puts("depgraph " LEASH_VERSION);
			return 0;
		case 'h':
			print_help();
			return 0;
		default:
			print_usage(stderr);
			return 2;
		}
	}
	if (o->seconds == 0)
		o->seconds = o->ratio ? 2.4 : 3;
	if (optind < argc)
		o->path = argv[optind++];
	if (optind < argc)
		return usage_error("one FILE at most", argv[optind]);
	return -1;
}

static int fail(const struct job *job, const struct complaint *complaint)
{
	progress_end();
	if (complaint->line != 0)
		fprintf(stderr, "depgraph: %s:%zu: %s\n", job->source, complaint->line,
			complaint->what);
	else
		fprintf(stderr, "depgraph: %s: %s\n", job->source, complaint->what);
	return 1;
}

static int out_of_memory(const struct job *job)
{
	return fail(job, &(struct complaint){ .what = "out of memory" });
}

static int read_database(struct job *job)
{
	struct complaint complaint;
	size_t length;
	char *text;

	progress_stage("reading %s", job->source);
	if (read_input(job->options.path, &text, &length, &complaint) != 0)
		return fail(job, &complaint);
	if (database_parse(&job->db, text, length, job->pool, &complaint) != 0)
		return fail(job, &complaint);
	return 0;
}

static void show_rates(void *arg, double done, int engine, const struct rates *rates)
{
	static struct rates last[ENGINES]; /* one job a program */
	const struct job *job = arg;

	last[engine] = *rates;
	progress_update("walking, %.1f of %.1f s:  leash %.0f walks/s, %.1f ns a step;"
			"  naive %.0f walks/s, %.1f ns a step",
			done * job->options.seconds, job->options.seconds, last[LEASH].walks,
			last[LEASH].step, last[NAIVE].walks, last[NAIVE].step);
}

static int walk_graphs(struct job *job)
{
	const struct measurement *m = &job->measurement;

	progress_stage("walking for %.1f seconds on %u threads", job->options.seconds,
		       job->options.threads);
	if (measure(&job->measurement, engines, &job->db, job->pool, job->options.seconds,
		    job->options.seed, show_rates, job) != 0)
		return out_of_memory(job);
	progress_end();
	if (job->options.ratio)
		printf("%.2f\tleash %.1f ns a step, naive %.1f; %.2f to %.2f in %u rounds; "
		       "%u threads, %" PRIu32 " objects\n",
		       m->ratio, m->rates[LEASH].step, m->rates[NAIVE].step, m->lowest, m->highest,
		       m->rounds, job->options.threads, leash_engine.born());
	else
		report_rates(m, engines, job->options.threads);
	return 0;
}

/* Drops one graph: 0 if what is left is what was predicted. */
static int drop_graph(struct job *job, const struct engine *engine)
{
	engine->drop();
	engine->settle(job->prediction.left);
	return check_left(&job->db, &job->prediction, engine) ? 0 : 1;
}

/* What is left of leash's graph. */
static int draw_left(const struct job *job)
{
	const char *path = job->options.picture;
	FILE *file = fopen(path, "w");
	int error = file == NULL ? -errno : leash_heap_dump(file, LEASH_GRAPHVIZ, NULL);

	if (file != NULL && fclose(file) != 0 && error == 0)
		error = -errno;
	if (error == 0)
		return 0;
	progress_end();
	fprintf(stderr, "depgraph: %s: %s\n", path,
		error == -ENOTSUP ? "no picture without LEASH_OPTIONS=track:true" : strerror(-error));
	return 1;
}

static int drop_graphs(struct job *job)
{
	uint32_t left, born = leash_engine.born();
	int result = 0;

	progress_stage("dropping the graphs");
	if (predict(&job->prediction, &job->db) != 0)
		return out_of_memory(job);
	left = job->prediction.left;
	for (int e = 0; e < ENGINES; e++)
		result |= drop_graph(job, engines[e]);
	if (result == 0 && job->options.picture != NULL)
		result = draw_left(job);
	progress_end();
	if (job->options.ratio || result != 0)
		return result;
	printf("The graph was dropped, and %" PRIu32 " of %" PRIu32 " objects died.\n"
	       "%" PRIu32 " objects did not die; predicted %" PRIu32 ": agrees\n",
	       born - left, born, left, left);
	report_left(&job->db, &job->prediction, job->options.all);
	return 0;
}

/* What counting has left, collected beside threads that walk: 0 if that is what was predicted. */
static int collect(struct job *job)
{
	const struct engine *engine = &leash_engine;
	unsigned threads = job->options.threads;
	struct collection collection;

	progress_stage("collecting while %u threads walk a second graph", threads);
	engine->set_aside();
	if (engine->load(&job->db, job->pool) != 0 ||
	    measure_collection(&collection, engine, &job->db, job->pool, job->options.seed) != 0)
		return out_of_memory(job);
	progress_end();
	if (!report_collection(&job->prediction, engine, &collection, threads))
		return 1;
	printf("The naive engine has no collector: its %" PRIu32 " objects die when their fields are "
	       "emptied.\n", job->prediction.left);
	return 0;
}

/* Frees an engine's graph in whatever state it is: 0 if then no object is left.  If objects go
 * on dying nothing is touched, as nobody can tell which pointers are still good. */
static int free_graph(const struct engine *engine, uint32_t objects)
{
	uint32_t left = 0;
	long counted;

	engine->drop();
	counted = engine->shutdown();
	if (counted == -ENOSYS)
		engine->cut();
	else if (counted < 0)
		return 1;
	for (uint32_t i = 0; i < objects; i++)
		left += engine->is_alive(i);
	if (left != 0 || counted > 0 || engine->died_twice() != 0)
		fprintf(stderr, "depgraph: %s: DISAGREES: at the end %" PRIu32
			" objects are left (the library counts %ld), %" PRIu32 " died twice\n",
			engine->name, left, counted, engine->died_twice());
	engine->forget();
	return left != 0 || counted > 0 || engine->died_twice() != 0;
}

static int run(struct job *job)
{
	int result = read_database(job);

	if (result != 0)
		return result;
	leash_gc_disable(); /* until it has been seen what counting alone leaves */
	if (!job->options.ratio)
		report_input(job->source, &job->db);
	progress_stage("building the graph");
	for (int e = 0; e < ENGINES && result == 0; e++)
		if (engines[e]->load(&job->db, job->pool) != 0)
			result = out_of_memory(job);
	if (result == 0)
		result = walk_graphs(job);
	if (result == 0)
		result = drop_graphs(job);
	if (result == 0 && !job->options.ratio)
		result = collect(job);
	for (int e = 0; e < ENGINES; e++)
		result |= free_graph(engines[e], catalog_number(&job->db) + 1);
	prediction_free(&job->prediction);
	database_free(&job->db);
	return result;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	int result = parse_options(&job.options, argc, argv);

	if (result >= 0)
		return result;
	if (job.options.picture != NULL)
		setenv("LEASH_OPTIONS", "track:true", 0);
	job.source = strcmp(job.options.path, "-") == 0 ? "<stdin>" : job.options.path;
	progress_init(!job.options.ratio);
	job.pool = pool_new(job.options.threads);
	if (job.pool == NULL) {
		fprintf(stderr, "depgraph: cannot start %u threads: %s\n", job.options.threads,
			strerror(errno));
		return 1;
	}
	result = run(&job);
	pool_free(job.pool);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "depgraph: cannot write: %s\n", strerror(errno));
		result = 1;
	}
	return result;
}
