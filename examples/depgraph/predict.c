/* Which objects must be left when the graph is dropped, computed without any of them.
 *
 * With counting alone an object dies when nothing that lives refers to it.  So what is left is
 * what lies on a cycle of references, and all that can be reached from there.  Cycles are found
 * as strongly connected components with more than one member (Tarjan, Depth-first search and
 * linear graph algorithms, 1972; here without recursion, for chains of any length).  There are
 * no edges from an object to itself: a package that needs itself does so through its version
 * and a dependency.
 *
 * The edges are taken from the parsed input, not from the managed objects: this is the
 * independent witness that says whether those died as they should.
 */
#include "predict.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* The successors of object i are to[first[i]] ... to[first[i + 1] - 1]. */
struct edges {
	uint32_t *first, *to;
};

struct search {
	const struct edges *edges;
	uint32_t *index;   /* order of discovery, from 1; 0: not yet seen */
	uint32_t *low;     /* the earliest object known to be reachable within the component */
	uint32_t *pending; /* seen, and its component not complete */
	uint32_t *path;    /* from the root of the search to here ... */
	uint32_t *edge;    /* ... and, per object, the edge to look at next */
	uint32_t pending_count, path_count, seen;
};

static uint32_t *numbers(uint32_t count)
{
	return calloc((size_t)count + 1, sizeof(uint32_t));
}

static uint32_t out_degree(const struct database *db, uint32_t object)
{
	if (object < db->name_count)
		return candidates_of(&db->names[object]);
	object -= db->name_count;
	if (object < db->paragraph_count)
		return db->paragraphs[object].dependencies;
	object -= db->paragraph_count;
	if (object < db->dependency_count)
		return db->dependencies[object].alternatives;
	return db->name_count;
}

static void fill_edges(const struct edges *e, const struct database *db)
{
	uint32_t catalog = catalog_number(db);

	for (uint32_t p = 0; p < db->paragraph_count; p++) {
		const struct paragraph *paragraph = &db->paragraphs[p];
		const struct provided *provided = &db->provided[paragraph->first_provided];
		uint32_t version = version_number(db, p);

		e->to[e->first[paragraph->name] + paragraph->slot] = version;
		for (uint32_t i = 0; i < paragraph->provided; i++)
			e->to[e->first[provided[i].name] + provided[i].slot] = version;
		for (uint32_t i = 0; i < paragraph->dependencies; i++)
			e->to[e->first[version] + i] =
				dependency_number(db, paragraph->first_dependency + i);
	}
	for (uint32_t d = 0; d < db->dependency_count; d++)
		memcpy(&e->to[e->first[dependency_number(db, d)]],
		       &db->alternatives[db->dependencies[d].first_alternative],
		       db->dependencies[d].alternatives * sizeof(uint32_t));
	for (uint32_t n = 0; n < db->name_count; n++)
		e->to[e->first[catalog] + n] = n;
}

static bool make_edges(struct edges *e, const struct database *db, uint32_t objects)
{
	uint32_t total = 0;

	e->first = numbers(objects + 1);
	if (e->first == NULL)
		return false;
	for (uint32_t i = 0; i < objects; i++) {
		e->first[i] = total;
		total += out_degree(db, i);
	}
	e->first[objects] = total;
	e->to = numbers(total);
	if (e->to == NULL)
		return false;
	fill_edges(e, db);
	return true;
}

/* The component whose earliest member is `root` is complete: it lies on top of `pending`. */
static void finish_component(struct search *s, struct prediction *p, uint32_t root)
{
	bool cyclic = s->pending[s->pending_count - 1] != root;
	uint32_t member;

	do {
		member = s->pending[--s->pending_count];
		s->low[member] = NONE; /* nobody's way into this component counts any more */
		if (cyclic) {
			p->fate[member] = IN_CYCLE;
			p->knot[member] = p->knot_count;
		}
	} while (member != root);
	p->knot_count += cyclic;
}

static void enter(struct search *s, uint32_t object)
{
	s->index[object] = s->low[object] = ++s->seen;
	s->edge[object] = s->edges->first[object];
	s->pending[s->pending_count++] = object;
	s->path[s->path_count++] = object;
}

static void search_from(struct search *s, struct prediction *p, uint32_t start)
{
	enter(s, start);
	while (s->path_count != 0) {
		uint32_t at = s->path[s->path_count - 1];

		if (s->edge[at] < s->edges->first[at + 1]) {
			uint32_t next = s->edges->to[s->edge[at]++];

			if (s->index[next] == 0)
				enter(s, next);
			else if (s->low[next] != NONE && s->index[next] < s->low[at])
				s->low[at] = s->index[next];
		} else {
			s->path_count--;
			if (s->path_count != 0) {
				uint32_t parent = s->path[s->path_count - 1];

				if (s->low[at] < s->low[parent])
					s->low[parent] = s->low[at];
			}
			if (s->low[at] == s->index[at])
				finish_component(s, p, at);
		}
	}
}

static bool find_components(struct prediction *p, const struct edges *edges)
{
	struct search s = {
		.edges = edges,
		.index = numbers(p->objects),
		.low = numbers(p->objects),
		.pending = numbers(p->objects),
		.path = numbers(p->objects),
		.edge = numbers(p->objects),
	};
	bool ok = s.index && s.low && s.pending && s.path && s.edge;

	for (uint32_t i = 0; ok && i < p->objects; i++)
		if (s.index[i] == 0)
			search_from(&s, p, i);
	free(s.index);
	free(s.low);
	free(s.pending);
	free(s.path);
	free(s.edge);
	return ok;
}

/* Numbers the knots anew, by their first package, and counts their members.  A cycle always
 * has a package: versions and dependencies do not lead to their like. */
static bool count_knots(struct prediction *p, const struct database *db)
{
	uint32_t *renumbered = numbers(p->knot_count);
	uint32_t next = 0;

	p->knots = calloc((size_t)p->knot_count + 1, sizeof(*p->knots));
	if (renumbered == NULL || p->knots == NULL) {
		free(renumbered);
		return false;
	}
	for (uint32_t i = 0; i < p->objects; i++) {
		if (p->fate[i] != IN_CYCLE)
			continue;
		if (renumbered[p->knot[i]] == 0)
			renumbered[p->knot[i]] = ++next;
		p->knot[i] = renumbered[p->knot[i]] - 1;
		p->knots[p->knot[i]].objects++;
		p->knots[p->knot[i]].packages += i < db->name_count;
		p->left++;
	}
	free(renumbered);
	return true;
}

/* Marks whatever the objects in the queue reach, as held by knot k. */
static void spread_from(struct prediction *p, const struct edges *e, uint32_t *queue,
			uint32_t tail, uint32_t k)
{
	for (uint32_t head = 0; head < tail; head++) {
		uint32_t at = queue[head];

		for (uint32_t i = e->first[at]; i < e->first[at + 1]; i++) {
			uint32_t next = e->to[i];

			if (p->fate[next] != DIES)
				continue;
			p->fate[next] = HELD_BY_CYCLE;
			p->knot[next] = k;
			p->left++;
			queue[tail++] = next;
		}
	}
}

/* What several knots hold is put down to the one with the lowest number. */
static bool spread(struct prediction *p, const struct edges *e)
{
	uint32_t *queue = numbers(p->objects);
	uint32_t *members = numbers(p->left);      /* of all knots, knot by knot */
	uint32_t *end = numbers(p->knot_count + 1); /* where each knot's end in there */
	bool ok = queue != NULL && members != NULL && end != NULL;

	if (ok) {
		for (uint32_t k = 0; k < p->knot_count; k++)
			end[k + 1] = end[k] + p->knots[k].objects;
		for (uint32_t i = 0; i < p->objects; i++)
			if (p->fate[i] == IN_CYCLE)
				members[end[p->knot[i]]++] = i;
		for (uint32_t k = 0; k < p->knot_count; k++) {
			uint32_t count = p->knots[k].objects;

			memcpy(queue, members + end[k] - count, count * sizeof(*queue));
			spread_from(p, e, queue, count, k);
		}
	}
	free(end);
	free(members);
	free(queue);
	return ok;
}

/* The shortest way from a knot's first package back to it, by breadth-first search. */
static void find_cycle(struct prediction *p, const struct database *db, const struct edges *e,
		       uint32_t first, uint32_t *from, uint32_t *queue)
{
	struct knot *knot = &p->knots[p->knot[first]];
	uint32_t head = 0, tail = 0, at, end;

	queue[tail++] = first;
	for (;;) {
		bool back = false;

		at = queue[head++];
		for (uint32_t i = e->first[at]; i < e->first[at + 1] && !back; i++) {
			uint32_t next = e->to[i];

			if (next == first) {
				back = true;
			} else if (p->fate[next] == IN_CYCLE && p->knot[next] == p->knot[first] &&
				   from[next] == NONE) {
				from[next] = at;
				queue[tail++] = next;
			}
		}
		if (back)
			break;
	}
	/* From the end to the beginning, and turned round. */
	knot->first_step = p->step_count;
	for (;; at = from[at]) {
		if (at < db->name_count)
			p->steps[p->step_count++] = at;
		if (at == first)
			break;
	}
	knot->steps = p->step_count - knot->first_step;
	for (at = knot->first_step, end = p->step_count - 1; at < end; at++, end--) {
		uint32_t step = p->steps[at];

		p->steps[at] = p->steps[end];
		p->steps[end] = step;
	}
}

static bool find_cycles(struct prediction *p, const struct database *db, const struct edges *e)
{
	uint32_t *from = numbers(p->objects);
	uint32_t *queue = numbers(p->objects);
	bool ok;

	p->steps = numbers(db->name_count);
	ok = from != NULL && queue != NULL && p->steps != NULL;
	if (ok) {
		memset(from, 0xff, p->objects * sizeof(*from));
		for (uint32_t i = 0; i < db->name_count; i++)
			if (p->fate[i] == IN_CYCLE && p->knots[p->knot[i]].steps == 0)
				find_cycle(p, db, e, i, from, queue);
	}
	free(queue);
	free(from);
	return ok;
}

int predict(struct prediction *prediction, const struct database *db)
{
	struct prediction *p = prediction;
	struct edges edges = { 0 };
	bool ok;

	*p = (struct prediction){ .objects = catalog_number(db) + 1 };
	p->fate = calloc(p->objects, sizeof(*p->fate));
	p->knot = numbers(p->objects);
	ok = p->fate != NULL && p->knot != NULL && make_edges(&edges, db, p->objects) &&
	     find_components(p, &edges) && count_knots(p, db) && spread(p, &edges) &&
	     find_cycles(p, db, &edges);
	free(edges.first);
	free(edges.to);
	if (!ok)
		prediction_free(p);
	return ok ? 0 : -1;
}

void prediction_free(struct prediction *prediction)
{
	free(prediction->fate);
	free(prediction->knot);
	free(prediction->knots);
	free(prediction->steps);
	*prediction = (struct prediction){ 0 };
}
