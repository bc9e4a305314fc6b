/* Dependency closures of random packages, until told to stop.
 *
 * A walk holds every object that it looks at by a reference of its own, as a server does whose
 * database other threads could be changing.  One step follows one edge: the reference is
 * retained where the edge is read, and released when the walk is done with what it leads to.
 * For a package found for the first time that is when it has been taken from the stack and
 * looked through, for all else at once.
 *
 * Of a package the first candidate is looked at; of a dependency the alternatives up to the
 * first that has any candidate.
 */
#include <string.h>
#include "engine.h"
#include "graph.h"

static uint32_t random_below(struct walker *w, uint32_t limit)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 32) * limit >> 32);
}

/* The first alternative that can be had goes onto the stack, unless this walk has seen it. */
static size_t push_alternative(struct walker *w, size_t depth, struct dependency_object *dependency)
{
	for (uint32_t i = 0; i < dependency->count; i++) {
		struct package *package = leash_get(&dependency->alternatives[i]);
		bool can_be_had = package->count != 0;

		w->steps++;
		if (can_be_had && w->visited[package->number] != w->walk) {
			w->visited[package->number] = w->walk;
			w->stack[depth++] = package;
			return depth;
		}
		leash_release(package);
		if (can_be_had)
			break;
	}
	return depth;
}

static void walk_from(struct walker *w, struct package *start)
{
	size_t depth = 0;

	w->visited[start->number] = w->walk;
	w->stack[depth++] = start;
	while (depth != 0) {
		struct package *package = w->stack[--depth];
		struct version *version = leash_get(&package->candidates[0]);

		w->steps++;
		for (uint32_t i = 0; i < version->count; i++) {
			struct dependency_object *dependency = leash_get(&version->depends[i]);

			w->steps++;
			depth = push_alternative(w, depth, dependency);
			leash_release(dependency);
		}
		leash_release(version);
		leash_release(package);
	}
}

static void walk(void *arg, unsigned thread)
{
	struct walking *walking = arg;
	const struct database *db = walking->db;
	struct walker *w = &walking->walkers[thread];

	__atomic_fetch_add(&walking->begun, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&walking->stop, __ATOMIC_RELAXED)) {
		uint32_t root = db->roots[random_below(w, db->root_count)];

		if (++w->walk == 0) {
			memset(w->visited, 0, db->name_count * sizeof(*w->visited));
			w->walk = 1;
		}
		w->walks++;
		w->steps++;
		walk_from(w, leash_get(&graph.catalog->packages[root]));
	}
}
