/* Advice: through which fields the cycles ran that were reclaimed.
 *
 * Whoever wants to be rid of a kind of cycle needs to know which field to make weak.  The collector has the edges of what it
 * reclaims before it empties the fields, so some cycles are looked at then: from a few garbage objects, evenly spaced, a walk
 * follows one garbage edge of each object, always the same one, and so must run into a cycle or a dead end (Brent, An
 * Improved Monte Carlo Factorization Algorithm, 1980, finds the cycle in a few times its length and in constant space).
 * After a dead end another choice of edges is tried.  A sample stands for its share of the garbage, and counts once
 * for each kind of field, by type, entry and type referred to, in its cycle.
 *
 * The steps of all walks are bounded, by a number for one graph and by a share of what is reclaimed; what is not looked at for
 * that reason is told by the next sample.  Of the kinds of fields, the first ones are remembered.
 *
 * Written under lsh_round_lock; read by anyone: a kind is complete when its key is there, and numbers are only added to.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include <leash/see.h>
#include <leash/field.h>

#include "../type.h"
#include "advice.h"
#include "field_name.h"
#include "quote.h"

#define SAMPLES  8     /* of one graph */
#define CHOICES  4     /* of edges, tried in turn */
#define STEPS    8192  /* of all walks through one graph */
#define OBJECTS_A_STEP 8
#define LABELLED 64    /* steps of one cycle whose fields are looked up */
#define KINDS    256

struct kind {
	uint64_t key;     /* type, entry, type referred to; 0: free */
	uint64_t objects; /* reclaimed in cycles through it */
};

static struct kind kinds[KINDS]; /* open addressing */
static unsigned kind_count;
static uint64_t total;           /* objects reclaimed in cycles */

static uint64_t key_of(uint64_t type, uint64_t entry, uint64_t to)
{
	return type << 48 | to << 32 | (entry < UINT32_MAX ? entry : UINT32_MAX);
}

/* Its place; NULL if there is none left. */
static struct kind *kind_of(uint64_t key)
{
	unsigned i = (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 56);

	for (; kinds[i].key != key; i = (i + 1) % KINDS) {
		if (kinds[i].key)
			continue;
		if (kind_count >= KINDS * 3 / 4)
			return NULL;
		kind_count++;
		__atomic_store_n(&kinds[i].key, key, __ATOMIC_RELEASE);
		break;
	}
	return &kinds[i];
}

static void add(uint64_t *sum, uint64_t n)
{
	__atomic_store_n(sum, *sum + n, __ATOMIC_RELAXED);
}

struct walk {
	const struct lsh_graph *graph;
	uint32_t choice;
	uint32_t steps; /* left */
};

/* The edge by which the walk leaves a node; LSH_NONE at a dead end. */
static uint32_t edge_from(const struct walk *walk, uint32_t node)
{
	const struct lsh_node *nodes = lsh_nodes(walk->graph);
	const uint32_t *edges = lsh_edges(walk->graph);
	uint32_t from = lsh_edges_begin(walk->graph, node), number = nodes[node].edges - from, i;

	for (i = 0; i < number; i++) {
		uint32_t edge = from + (i + walk->choice) % number;

		if (nodes[edges[edge]].fate == LSH_GARBAGE)
			return edge;
	}
	return LSH_NONE;
}

static uint32_t step(struct walk *walk, uint32_t node)
{
	uint32_t edge = edge_from(walk, node);

	if (edge == LSH_NONE || walk->steps == 0)
		return LSH_NONE;
	walk->steps--;
	return lsh_edges(walk->graph)[edge];
}

/* A node of the cycle into which the walk from `start` runs; LSH_NONE if it does not, or not soon enough. */
static uint32_t run_into_cycle(struct walk *walk, uint32_t start)
{
	uint32_t power = 1, length = 1, slow = start, fast = step(walk, start);

	while (fast != LSH_NONE && fast != slow) {
		if (length == power) {
			slow = fast;
			power *= 2;
			length = 0;
		}
		fast = step(walk, fast);
		length++;
	}
	return fast;
}

struct search {
	struct lsh_fields fields;
	const struct leash__header *target;
	uint32_t label;
	bool found;
};

static void match(void *field, void *arg)
{
	struct search *search = arg;
	uint32_t label = lsh_field_label(&search->fields, field);
	void *object = __atomic_load_n((leash__ref *)field, __ATOMIC_RELAXED);

	if (!search->found && object && leash__header_of(object) == search->target) {
		search->found = true;
		search->label = label;
	}
}

static uint64_t key_of_edge(struct leash__header *from, const struct leash__header *to)
{
	struct search search = { .fields = lsh_fields_of(from, NULL), .target = to };
	const struct lsh_type *type = lsh_type_of(from);

	lsh_type_visit(from, match, &search);
	return key_of((uint64_t)(type - lsh_types), lsh_field_entry(type->type, search.label),
		      (uint64_t)(lsh_type_of(to) - lsh_types));
}

static void note_cycle(const struct walk *walk, uint32_t first, uint64_t objects)
{
	const struct lsh_node *nodes = lsh_nodes(walk->graph);
	struct kind *noted[LABELLED];
	uint32_t node = first, number = 0, i, length = 0;

	do {
		uint32_t next = lsh_edges(walk->graph)[edge_from(walk, node)];
		struct kind *kind = kind_of(key_of_edge(nodes[node].h, nodes[next].h));

		for (i = 0; i < number && noted[i] != kind; i++)
			;
		if (kind && i == number) {
			noted[number++] = kind;
			add(&kind->objects, objects);
		}
		node = next;
	} while (node != first && ++length < LABELLED);
	add(&total, objects);
}

/* An object may be in several cycles: other samples begin with other choices. */
static uint32_t find_cycle(struct walk *walk, uint32_t node, uint32_t choice)
{
	uint32_t last = choice + CHOICES, first = LSH_NONE;

	for (walk->choice = choice; first == LSH_NONE; walk->choice++) {
		if (walk->choice == last)
			return LSH_NONE;
		first = run_into_cycle(walk, node);
	}
	walk->choice--;
	return first;
}

void lsh_advice_look(const struct lsh_graph *graph, uint64_t number)
{
	static uint64_t allowance = STEPS, objects; /* `objects` have not been told yet */
	const struct lsh_node *nodes = lsh_nodes(graph);
	struct walk walk = { .graph = graph };
	uint64_t seen = 0, taken = 0, samples = number < SAMPLES ? number : SAMPLES, share;
	uint32_t i;

	objects += number;
	allowance += number / OBJECTS_A_STEP;
	if (allowance > STEPS)
		allowance = STEPS;
	/* A cycle of so many is found in three times as many steps at most. */
	if (allowance < STEPS / 2 && allowance < 3 * number)
		return;
	walk.steps = (uint32_t)allowance;
	for (i = 0; objects && i < graph->node_count; i++) {
		uint32_t steps = walk.steps, first;

		if (nodes[i].fate != LSH_GARBAGE || seen++ != taken * number / samples)
			continue;
		first = find_cycle(&walk, i, (uint32_t)taken);
		share = objects / (samples - taken++);
		/* What leaves no steps for another stands for the rest. */
		if (walk.steps < steps - walk.steps)
			share = objects;
		if (first != LSH_NONE)
			note_cycle(&walk, first, share);
		objects -= share;
	}
	allowance = walk.steps;
}

struct advice {
	struct kind kinds[KINDS];
	size_t number;
	uint64_t total;
};

static int by_objects(const void *one, const void *other)
{
	const struct kind *a = one, *b = other;

	if (a->objects != b->objects)
		return a->objects < b->objects ? 1 : -1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static void read_kinds(struct advice *advice)
{
	unsigned i;

	*advice = (struct advice){ .total = __atomic_load_n(&total, __ATOMIC_RELAXED) };
	for (i = 0; i < KINDS; i++) {
		struct kind kind = { .key = __atomic_load_n(&kinds[i].key, __ATOMIC_ACQUIRE) };

		kind.objects = __atomic_load_n(&kinds[i].objects, __ATOMIC_RELAXED);
		if (kind.key && kind.objects)
			advice->kinds[advice->number++] = kind;
	}
	qsort(advice->kinds, advice->number, sizeof(*advice->kinds), by_objects);
}

struct told {
	const leash_type *type, *to;
	char field[LSH_FIELD_NAME];
};

static struct told told_by(const struct kind *kind)
{
	struct told told = { .type = lsh_types[kind->key >> 48].type,
			     .to = lsh_types[kind->key >> 32 & LEASH__TYPE_MASK].type };

	lsh_field_entry_name(told.field, told.type, (uint32_t)kind->key);
	return told;
}

static void print_text(FILE *stream, const struct advice *advice)
{
	size_t i;

	if (!advice->number) {
		fputs("no cycles have been reclaimed\n", stream);
		return;
	}
	fprintf(stream, "%" PRIu64 " objects were reclaimed in cycles; of these, in cycles through\n", advice->total);
	for (i = 0; i < advice->number; i++) {
		struct told told = told_by(&advice->kinds[i]);

		fprintf(stream, "%5.1f%%  %s%s%s -> %s\n",
			100.0 * (double)advice->kinds[i].objects / (double)advice->total, told.type->name,
			told.field[0] == '[' ? "" : ".", told.field, told.to->name);
	}
	fputs("Where one field of each cycle is weak, or cleared in time, counting alone reclaims them.\n", stream);
}

static void print_json(FILE *stream, const struct advice *advice)
{
	size_t i;

	fprintf(stream, "{\n\"objects\": %" PRIu64 ",\n\"fields\": [", advice->total);
	for (i = 0; i < advice->number; i++) {
		struct told told = told_by(&advice->kinds[i]);

		fprintf(stream, "%s\n{\"type\": ", i ? "," : "");
		lsh_quote_json(stream, told.type->name);
		fputs(", \"field\": ", stream);
		lsh_quote_json(stream, told.field);
		fputs(", \"to\": ", stream);
		lsh_quote_json(stream, told.to->name);
		fprintf(stream, ", \"objects\": %" PRIu64 "}", advice->kinds[i].objects);
	}
	fputs("\n]\n}\n", stream);
}

int leash_advice_print(FILE *stream, leash_format format)
{
	struct advice advice;

	if (!stream || (format != LEASH_TEXT && format != LEASH_JSON))
		return -EINVAL;
	read_kinds(&advice);
	if (format == LEASH_TEXT)
		print_text(stream, &advice);
	else
		print_json(stream, &advice);
	return ferror(stream) ? -EIO : 0;
}
