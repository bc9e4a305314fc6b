/* leash_stats_print: one table, three formats.
 *
 * A number's name in text and JSON is that of its row, its unit, and its label's value; Prometheus' is built from the
 * same parts by its own rules: seconds instead of nanoseconds, "_total" behind what only grows, labels in braces.
 *
 *      text         collection_nanoseconds_0 1500000000
 *      JSON         "collection_nanoseconds": {"0": 1500000000, ...}
 *      Prometheus   leash_collection_seconds_total{generation="0"} 1.500000000
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include <leash/see.h>

#include "statistics.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };
enum unit { OBJECTS, BYTES, TIME };

struct label {
	const char *name;
	const char *values[6]; /* NULL: no more */
};
static const struct label none = { NULL, { "" } };
static const struct label path = { "path", { "owner", "shared", "deferred", "revoked", "collected" } };
static const struct label queue = { "queue", { "revocation", "finalizers", "retired" } };
static const struct label generation = { "generation", { "0", "1", "2" } };
static const struct label state = { "state", { "allocated", "active", "resident", "mapped" } };

static const struct row {
	const char *name;
	enum kind kind;
	enum unit unit;
	const struct label *label;
	size_t offset; /* in struct lsh_statistics: a number for each value of the label, or a histogram */
	const char *help;
} rows[] = {
#define AT(field) offsetof(struct lsh_statistics, field)
	{ "alive", GAUGE, OBJECTS, &none, AT(alive), "Objects in memory." },
	{ "immortal", GAUGE, OBJECTS, &none, AT(immortal), "Objects that are never counted and never die." },
	{ "births", COUNTER, OBJECTS, &none, AT(counters.births), "Objects made." },
	{ "births_cyclic", COUNTER, OBJECTS, &none, AT(counters.births_cyclic),
	  "Objects made that may be part of a cycle." },
	{ "deaths", COUNTER, OBJECTS, &path, AT(deaths), "Objects that died, by the way their end was found." },
	{ "finalized", COUNTER, OBJECTS, &none, AT(counters.finalized),
	  "Objects brought back once for their close or finalize function." },
	{ "frees", COUNTER, OBJECTS, &none, AT(counters.frees), "Objects whose memory went." },
	{ "frees_cyclic", COUNTER, OBJECTS, &none, AT(counters.frees_cyclic),
	  "Objects whose memory went that may have been part of a cycle." },
	{ "merges", COUNTER, OBJECTS, &none, AT(counters.merges), "Objects whose two counts their owner put together." },
	{ "adoptions", COUNTER, OBJECTS, &none, AT(counters.adoptions), "Objects that got another owner." },
	{ "revocations", COUNTER, OBJECTS, &none, AT(counters.revocations), "Objects whose owner was taken away." },
	{ "revocation_batches", COUNTER, OBJECTS, &none, AT(counters.revocation_batches),
	  "Times that owners were taken away." },
	{ "flushes", COUNTER, OBJECTS, &none, AT(counters.flushes), "Tables of deferred decrements that were emptied." },
	{ "threads", GAUGE, OBJECTS, &none, AT(threads), "Threads that use the library, its own included." },
	{ "waiting", GAUGE, OBJECTS, &queue, AT(waiting),
	  "Objects that wait for revocation, dead ones for the finalizer thread, buffers for their readers." },
	{ "logged", GAUGE, OBJECTS, &none, AT(logged),
	  "Suspects that no round of the collector has read; in full logs, about." },
	{ "suspects", GAUGE, OBJECTS, &generation, AT(suspects),
	  "Suspects that wait for another round, after the round before." },
	{ "frozen", GAUGE, OBJECTS, &none, AT(frozen), "Suspects taken out of collections, after the round before." },
	{ "garbage", GAUGE, OBJECTS, &none, AT(garbage), "Garbage kept instead of reclaimed, after the round before." },
	{ "husks", GAUGE, OBJECTS, &none, AT(husks), "Dead objects whose memory waits for the reader of a log." },
	{ "husk", GAUGE, BYTES, &none, AT(husk_bytes), "Their memory." },
	{ "collections", COUNTER, OBJECTS, &generation, AT(collections), "Rounds of the collector." },
	{ "collection_reclaimed", COUNTER, OBJECTS, &generation, AT(reclaimed), "Objects that rounds reclaimed." },
	{ "collection_kept", COUNTER, OBJECTS, &generation, AT(kept), "Garbage that rounds kept instead." },
	{ "collection_rescued", COUNTER, OBJECTS, &generation, AT(rescued), "Objects brought back by a finalizer." },
	{ "collection_visited", COUNTER, OBJECTS, &generation, AT(visited), "Objects that rounds looked at." },
	{ "collection_given_up", COUNTER, OBJECTS, &generation, AT(given_up), "Rounds given up for want of memory." },
	{ "collection", COUNTER, TIME, &generation, AT(collecting), "Time that rounds took." },
	{ "round", HISTOGRAM, TIME, &none, AT(rounds), "Rounds of the collector; no thread waits for them." },
	{ "wait", HISTOGRAM, TIME, &none, AT(waits), "Births that waited for the library, or helped it." },
	{ "block", GAUGE, BYTES, &none, AT(block_bytes),
	  "Memory of objects, living or free, that the library has from the allocator." },
	{ "depot", GAUGE, BYTES, &none, AT(depot_bytes), "Free memory of objects on its way between threads." },
	{ "collector", GAUGE, BYTES, &none, AT(collector_bytes), "The collector's arrays." },
	{ "snapshot_peak", GAUGE, BYTES, &none, AT(snapshot_bytes), "The most memory that a round has used." },
	{ "allocator", GAUGE, BYTES, &state, AT(allocator_bytes), "What the process has from jemalloc." },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct {
	const char *plain, *prometheus;
} units[] = {
	[OBJECTS] = { "", "" },
	[BYTES] = { "_bytes", "_bytes" },
	[TIME] = { "_nanoseconds", "_seconds" },
};

static const void *field(const struct lsh_statistics *s, const struct row *row)
{
	return (const char *)s + row->offset;
}

static uint64_t number(const struct lsh_statistics *s, const struct row *row, unsigned i)
{
	return ((const uint64_t *)field(s, row))[i];
}

static bool is_known(const struct lsh_statistics *s, const struct row *row)
{
	return row->kind == HISTOGRAM || number(s, row, 0) != LSH_ABSENT;
}

static void print_text(FILE *stream, const struct lsh_statistics *s, const struct row *row)
{
	const char *unit = units[row->unit].plain;
	unsigned i;

	for (i = 0; row->label->values[i]; i++)
		fprintf(stream, "%s%s%s%s %" PRIu64 "\n", row->name, unit, row->label->name ? "_" : "",
			row->label->values[i], number(s, row, i));
}

static void print_text_histogram(FILE *stream, const struct lsh_histogram *h, const struct row *row)
{
	uint64_t count = 0;
	unsigned i;

	for (i = 0; i < LSH_BOUNDS; i++)
		fprintf(stream, "%s_le_%" PRIu64 "us %" PRIu64 "\n", row->name, LSH_BOUND(i) / 1000,
			count += h->buckets[i]);
	fprintf(stream, "%s_count %" PRIu64 "\n", row->name, count + h->buckets[i]);
	fprintf(stream, "%s_nanoseconds %" PRIu64 "\n", row->name, h->nanoseconds);
}

static void print_json(FILE *stream, const struct lsh_statistics *s, const struct row *row)
{
	unsigned i;

	fprintf(stream, "\t\"%s%s\": ", row->name, units[row->unit].plain);
	if (!row->label->name) {
		fprintf(stream, "%" PRIu64, number(s, row, 0));
		return;
	}
	for (i = 0; row->label->values[i]; i++)
		fprintf(stream, "%s\"%s\": %" PRIu64, i ? ", " : "{", row->label->values[i], number(s, row, i));
	fputs("}", stream);
}

static void print_json_histogram(FILE *stream, const struct lsh_histogram *h, const struct row *row)
{
	uint64_t count = 0;
	unsigned i;

	fprintf(stream, "\t\"%s\": {\"le\": ", row->name);
	for (i = 0; i < LSH_BOUNDS; i++)
		fprintf(stream, "%s\"%" PRIu64 "us\": %" PRIu64, i ? ", " : "{", LSH_BOUND(i) / 1000,
			count += h->buckets[i]);
	fprintf(stream, "}, \"count\": %" PRIu64 ", \"nanoseconds\": %" PRIu64 "}", count + h->buckets[i],
		h->nanoseconds);
}

/* Its name, and what introduces its samples. */
static void print_heading(FILE *stream, char *name, size_t length, const struct row *row)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };

	snprintf(name, length, "leash_%s%s%s", row->name, units[row->unit].prometheus,
		 row->kind == COUNTER ? "_total" : "");
	fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, row->help, name, types[row->kind]);
}

static void print_value(FILE *stream, enum unit unit, uint64_t value)
{
	if (unit == TIME)
		fprintf(stream, " %" PRIu64 ".%09" PRIu64 "\n", value / 1000000000, value % 1000000000);
	else
		fprintf(stream, " %" PRIu64 "\n", value);
}

static void print_prometheus(FILE *stream, const struct lsh_statistics *s, const struct row *row)
{
	char name[64];
	unsigned i;

	print_heading(stream, name, sizeof(name), row);
	for (i = 0; row->label->values[i]; i++) {
		fputs(name, stream);
		if (row->label->name)
			fprintf(stream, "{%s=\"%s\"}", row->label->name, row->label->values[i]);
		print_value(stream, row->unit, number(s, row, i));
	}
}

static void print_prometheus_histogram(FILE *stream, const struct lsh_histogram *h, const struct row *row)
{
	uint64_t count = 0;
	char name[64];
	unsigned i;

	print_heading(stream, name, sizeof(name), row);
	for (i = 0; i < LSH_BOUNDS; i++)
		fprintf(stream, "%s_bucket{le=\"%" PRIu64 ".%06" PRIu64 "\"} %" PRIu64 "\n", name,
			LSH_BOUND(i) / 1000000000, LSH_BOUND(i) / 1000 % 1000000, count += h->buckets[i]);
	count += h->buckets[i];
	fprintf(stream, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum", name, count, name);
	print_value(stream, TIME, h->nanoseconds);
	fprintf(stream, "%s_count %" PRIu64 "\n", name, count);
}

static const struct {
	void (*numbers)(FILE *stream, const struct lsh_statistics *s, const struct row *row);
	void (*histogram)(FILE *stream, const struct lsh_histogram *h, const struct row *row);
	const char *begin, *between, *end;
} formats[] = {
	[LEASH_TEXT] = { print_text, print_text_histogram, "", "", "" },
	[LEASH_JSON] = { print_json, print_json_histogram, "{\n", ",\n", "\n}\n" },
	[LEASH_PROMETHEUS] = { print_prometheus, print_prometheus_histogram, "", "", "" },
};

int leash_stats_print(FILE *stream, leash_format format)
{
	struct lsh_statistics s;
	const char *before;
	size_t i;
	bool failed;

	if (!stream || (unsigned)format >= sizeof(formats) / sizeof(formats[0]))
		return -EINVAL;
	lsh_statistics_read(&s);
	flockfile(stream);
	before = formats[format].begin;
	for (i = 0; i < ROWS; i++) {
		if (!is_known(&s, &rows[i]))
			continue;
		fputs(before, stream);
		before = formats[format].between;
		if (rows[i].kind == HISTOGRAM)
			formats[format].histogram(stream, field(&s, &rows[i]), &rows[i]);
		else
			formats[format].numbers(stream, &s, &rows[i]);
	}
	fputs(formats[format].end, stream);
	failed = ferror(stream);
	funlockfile(stream);
	return failed ? -EIO : 0;
}
