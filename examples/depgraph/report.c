/* What depgraph says on standard output; disagreement goes to standard error as well. */
#include "report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHORT_LIST 10 /* lines, when not everything is asked for */
#define SHORT_CYCLE 12 /* packages */
#define DIFFERENCES 10

/* 1234567 as 1,234,567. */
struct grouped {
	char text[32];
};

static struct grouped grouped(uint64_t number)
{
	struct grouped g;
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *to = g.text;

	for (int i = 0; i < length; i++) {
		if (i != 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return g;
}

static void print_name(FILE *out, const struct database *db, uint32_t name)
{
	struct slice text = db->names[name].text;

	fprintf(out, "%.*s", (int)text.length, text.at);
}

void report_input(const char *path, const struct database *db)
{
	printf("%s: %s packages in %s versions, %s dependencies with %s alternatives, "
	       "%s names only provided or needed\n\n",
	       path, grouped(db->root_count).text, grouped(db->paragraph_count).text,
	       grouped(db->dependency_count).text, grouped(db->alternative_count).text,
	       grouped(db->name_count - db->root_count).text);
}

void report_rates(const struct measurement *m, const struct engine *const engines[ENGINES],
		  unsigned threads)
{
	printf("%-22s", "");
	for (int e = 0; e < ENGINES; e++)
		printf("%16s", engines[e]->name);
	printf("\n%-22s", "walks a second");
	for (int e = 0; e < ENGINES; e++)
		printf("%16s", grouped((uint64_t)m->rates[e].walks).text);
	printf("\n%-22s", "nanoseconds a step");
	for (int e = 0; e < ENGINES; e++)
		printf("%16.1f", m->rates[e].step);
	printf("\n%-22s", "objects");
	for (int e = 0; e < ENGINES; e++)
		printf("%16s", grouped(engines[e]->born()).text);
	printf("\n%-22s", "bytes");
	for (int e = 0; e < ENGINES; e++)
		printf("%16s", grouped(engines[e]->bytes()).text);
	printf("\n%-22s", "threads");
	for (int e = 0; e < ENGINES; e++)
		printf("%16u", threads);
	printf("\n\nleash makes %.2f times as many steps in the same processor time "
	       "(median of %u rounds; %.2f to %.2f)\n\n",
	       m->ratio, m->rounds, m->lowest, m->highest);
}

/* Which paragraph a dependency stands in: the last that begins no later. */
static uint32_t paragraph_of(const struct database *db, uint32_t dependency)
{
	uint32_t low = 0, high = db->paragraph_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (db->paragraphs[middle].first_dependency <= dependency)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void print_object(FILE *out, const struct database *db, uint32_t object)
{
	uint32_t paragraph, dependency = UINT32_MAX;

	if (object < db->name_count) {
		fputs("package ", out);
		print_name(out, db, object);
		return;
	}
	if (object == catalog_number(db)) {
		fputs("the catalog", out);
		return;
	}
	if (object < dependency_number(db, 0)) {
		paragraph = object - db->name_count;
	} else {
		dependency = object - dependency_number(db, 0);
		paragraph = paragraph_of(db, dependency);
		fputs("a dependency of ", out);
	}
	fprintf(out, "version %.*s of ", (int)db->paragraphs[paragraph].version.length,
		db->paragraphs[paragraph].version.at);
	print_name(out, db, db->paragraphs[paragraph].name);
	if (dependency == UINT32_MAX)
		return;
	for (uint32_t i = 0; i < db->dependencies[dependency].alternatives; i++) {
		fputs(i == 0 ? " on " : " | ", out);
		print_name(out, db,
			   db->alternatives[db->dependencies[dependency].first_alternative + i]);
	}
}

static __attribute__((format(printf, 2, 3))) void differ(const struct engine *engine,
							 const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "depgraph: %s: DISAGREES: ", engine->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

bool check_left(const struct database *db, const struct prediction *p,
		const struct engine *engine)
{
	uint32_t left = 0, differences = 0;

	for (uint32_t i = 0; i < p->objects; i++) {
		bool alive = engine->is_alive(i);

		left += alive;
		if (alive == (p->fate[i] != DIES))
			continue;
		if (differences++ < DIFFERENCES) {
			fprintf(stderr, "depgraph: %s: ", engine->name);
			print_object(stderr, db, i);
			fprintf(stderr, alive ? " should have died\n" : " should not have died\n");
		}
	}
	if (differences != 0)
		differ(engine, "%" PRIu32 " objects did not die; predicted %" PRIu32
		       "; %" PRIu32 " are not as predicted", left, p->left, differences);
	if (engine->died_twice() != 0)
		differ(engine, "%" PRIu32 " deaths of objects that were dead",
		       engine->died_twice());
	return differences == 0 && engine->died_twice() == 0;
}

bool report_collection(const struct prediction *p, const struct engine *engine,
		       const struct collection *c, unsigned threads)
{
	uint32_t alive = 0;

	for (uint32_t i = 0; i < p->objects; i++)
		alive += engine->is_alive(i);
	if (c->reclaimed < 0)
		differ(engine, "leash_collect(): %s", strerror((int)-c->reclaimed));
	else if (c->reclaimed != (long)p->left || c->left != 0)
		differ(engine, "the collector reclaimed %ld objects and left %" PRIu32
		       "; predicted %" PRIu32 " and 0", c->reclaimed, c->left, p->left);
	if (alive != p->objects)
		differ(engine, "%" PRIu32 " objects of the second graph died",
		       p->objects - alive);
	if (engine->died_twice() != 0)
		differ(engine, "%" PRIu32 " deaths of objects that were dead",
		       engine->died_twice());
	if (c->reclaimed != (long)p->left || c->left != 0 || alive != p->objects ||
	    engine->died_twice() != 0)
		return false;
	printf("\nThe collector reclaimed %ld objects; predicted %" PRIu32 ": agrees\n"
	       "  %" PRIu32 " %s held, in %.1f ms, while %u threads made %s steps in a second graph\n",
	       c->reclaimed, p->left, p->knot_count,
	       p->knot_count == 1 ? "cycle and what it" : "cycles and what they", c->seconds * 1e3,
	       threads,
	       grouped(c->steps).text);
	return true;
}

static void print_cycle(const struct database *db, const struct prediction *p, uint32_t k,
			bool all)
{
	const struct knot *knot = &p->knots[k];
	uint32_t steps = knot->steps;

	printf("  cycle %" PRIu32 ": ", k + 1);
	for (uint32_t i = 0; i < steps; i++) {
		if (!all && steps > SHORT_CYCLE && i == SHORT_CYCLE - 1) {
			printf("(%" PRIu32 " more) -> ", steps - i);
			break;
		}
		print_name(stdout, db, p->steps[knot->first_step + i]);
		fputs(" -> ", stdout);
	}
	print_name(stdout, db, p->steps[knot->first_step]);
	if (knot->packages > steps)
		printf(", and %" PRIu32 " more packages in cycles with these",
		       knot->packages - steps);
	putchar('\n');
}

/* The packages of a knot that its one cycle does not show. */
static void print_others(const struct database *db, const struct prediction *p, uint32_t k)
{
	const struct knot *knot = &p->knots[k];
	const char *before = "    with: ";

	for (uint32_t i = 0; i < db->name_count; i++) {
		bool shown = p->fate[i] != IN_CYCLE || p->knot[i] != k;

		for (uint32_t s = 0; !shown && s < knot->steps; s++)
			shown = p->steps[knot->first_step + s] == i;
		if (shown)
			continue;
		fputs(before, stdout);
		print_name(stdout, db, i);
		before = ", ";
	}
	putchar('\n');
}

void report_left(const struct database *db, const struct prediction *p, bool all)
{
	uint32_t in_cycles = 0, held = 0, packages = 0, printed = 0;

	for (uint32_t i = 0; i < p->objects; i++) {
		in_cycles += p->fate[i] == IN_CYCLE;
		held += p->fate[i] == HELD_BY_CYCLE;
		packages += p->fate[i] == HELD_BY_CYCLE && i < db->name_count;
	}
	if (p->left == 0) {
		puts("No package needs itself, so counting frees everything.");
		return;
	}
	printf("%s of them are in cycles, where each is held by the one before it:\n",
	       grouped(in_cycles).text);
	for (uint32_t k = 0; k < p->knot_count; k++) {
		if (!all && k == SHORT_LIST) {
			printf("  ... and %" PRIu32 " more (--all names them)\n",
			       p->knot_count - k);
			break;
		}
		print_cycle(db, p, k, all);
		if (all && p->knots[k].packages > p->knots[k].steps)
			print_others(db, p, k);
	}
	if (held == 0)
		return;
	printf("%s more are held by those:\n", grouped(held).text);
	for (uint32_t i = 0; i < db->name_count; i++) {
		if (p->fate[i] != HELD_BY_CYCLE)
			continue;
		if (!all && printed == SHORT_LIST) {
			printf("  ... and %" PRIu32 " more packages (--all names them)\n",
			       packages - printed);
			break;
		}
		fputs("  ", stdout);
		print_name(stdout, db, i);
		printf(", held by cycle %" PRIu32 "\n", p->knot[i] + 1);
		printed++;
	}
	if (held > packages)
		printf("  with %s versions and dependencies\n", grouped(held - packages).text);
}
