/* Building, dropping and registering the graph.
 *
 * Loading takes three jobs of the pool.  First every thread makes its share of the packages
 * and stores them in a table by number, plain memory that holds references.  Then every thread
 * makes its share of the versions with their dependencies; the table tells where they lead.
 * No lock is needed: each reference in a package has its slot, and no slot two writers.  Last
 * the catalog is made from the table, and the threads drop the table's references.
 *
 * The register is an array of plain pointers by object number, set at birth and emptied by the
 * types' destroy functions.  It holds nothing: it only tells which objects have not died.  Set
 * aside, it goes on doing so while another graph has its own.
 */
#include "graph.h"

#include <stdlib.h>
#include <unistd.h>
#include "engine.h"

#define PATIENCE 10000 /* milliseconds */

struct graph {
	struct catalog *catalog;
	struct package **table;
	void **registered;
	void **aside; /* the register of a graph before, NULL: none */
	uint32_t objects;
	uint32_t born;
	uint32_t died_twice;
	uint64_t bytes;
	int failed;
};

static struct graph graph;

/* All four types begin alike. */
struct any {
	uint32_t number;
	uint32_t count;
	void *references[];
};

_Static_assert(sizeof(struct any) == sizeof(struct catalog), "all four types begin alike");

/* Both graphs have an object of this number: where this one is registered, it is alive. */
static void unregister(void *object)
{
	uint32_t number = ((struct any *)object)->number;
	void **const registers[] = { graph.registered, graph.aside };

	for (int i = 0; i < 2; i++) {
		void *expected = object;

		if (registers[i] != NULL &&
		    __atomic_compare_exchange_n(&registers[i][number], &expected, NULL, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return;
	}
	__atomic_fetch_add(&graph.died_twice, 1, __ATOMIC_RELAXED);
}

static const leash_type package_type = {
	.name = "package",
	.size = sizeof(struct package),
	LEASH_FIELDS(struct package, LEASH_TAIL(candidates)),
	.destroy = unregister,
};

static const leash_type version_type = {
	.name = "version",
	.size = sizeof(struct version),
	LEASH_FIELDS(struct version, LEASH_TAIL(depends)),
	.destroy = unregister,
};

static const leash_type dependency_type = {
	.name = "dependency",
	.size = sizeof(struct dependency_object),
	LEASH_FIELDS(struct dependency_object, LEASH_TAIL(alternatives)),
	.destroy = unregister,
};

static const leash_type catalog_type = {
	.name = "catalog",
	.size = sizeof(struct catalog),
	LEASH_FIELDS(struct catalog, LEASH_TAIL(packages)),
	.destroy = unregister,
};

struct loading {
	const struct database *db;
	unsigned threads;
};

/* What a thread has made, added to the graph's own figures when it is done. */
struct made {
	uint32_t objects;
	uint64_t bytes;
};

static void *make(const leash_type *type, uint32_t number, uint32_t count, struct made *made)
{
	struct any *object = leash_new_extra(type, count * sizeof(void *));

	if (object == NULL) {
		__atomic_store_n(&graph.failed, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	object->number = number;
	object->count = count;
	graph.registered[number] = object;
	made->objects++;
	made->bytes += OVERHEAD + sizeof(*object) + count * sizeof(void *);
	return object;
}

static void account(const struct made *made)
{
	__atomic_fetch_add(&graph.born, made->objects, __ATOMIC_RELAXED);
	__atomic_fetch_add(&graph.bytes, made->bytes, __ATOMIC_RELAXED);
}

static void make_packages(void *arg, unsigned thread)
{
	const struct loading *loading = arg;
	const struct database *db = loading->db;
	uint32_t end = share(db->name_count, thread + 1, loading->threads);
	struct made made = { 0 };

	for (uint32_t i = share(db->name_count, thread, loading->threads); i < end; i++)
		graph.table[i] = make(&package_type, i, candidates_of(&db->names[i]), &made);
	account(&made);
}

static struct dependency_object *make_dependency(const struct database *db, uint32_t number,
						 struct made *made)
{
	const struct dependency *from = &db->dependencies[number];
	struct dependency_object *object = make(&dependency_type, dependency_number(db, number),
						from->alternatives, made);

	if (object == NULL)
		return NULL;
	for (uint32_t i = 0; i < from->alternatives; i++)
		leash_set(&object->alternatives[i],
			  graph.table[db->alternatives[from->first_alternative + i]]);
	return object;
}

static void make_version(const struct database *db, uint32_t paragraph, struct made *made)
{
	const struct paragraph *from = &db->paragraphs[paragraph];
	const struct provided *provided = &db->provided[from->first_provided];
	struct version *version = make(&version_type, version_number(db, paragraph),
				       from->dependencies, made);

	if (version == NULL)
		return;
	for (uint32_t i = 0; i < from->dependencies; i++)
		leash_set_take(&version->depends[i],
			       make_dependency(db, from->first_dependency + i, made));
	for (uint32_t i = 0; i < from->provided; i++)
		leash_set(&graph.table[provided[i].name]->candidates[provided[i].slot], version);
	leash_set_take(&graph.table[from->name]->candidates[from->slot], version);
}

static void make_versions(void *arg, unsigned thread)
{
	const struct loading *loading = arg;
	const struct database *db = loading->db;
	uint32_t end = share(db->paragraph_count, thread + 1, loading->threads);
	struct made made = { 0 };

	for (uint32_t i = share(db->paragraph_count, thread, loading->threads); i < end; i++)
		make_version(db, i, &made);
	account(&made);
}

static void make_catalog(const struct database *db)
{
	struct made made = { 0 };

	graph.catalog = make(&catalog_type, catalog_number(db), db->name_count, &made);
	if (graph.catalog != NULL)
		for (uint32_t i = 0; i < db->name_count; i++)
			leash_set(&graph.catalog->packages[i], graph.table[i]);
	account(&made);
}

static void drop_table(void *arg, unsigned thread)
{
	const struct loading *loading = arg;
	uint32_t count = loading->db->name_count;
	uint32_t end = share(count, thread + 1, loading->threads);

	for (uint32_t i = share(count, thread, loading->threads); i < end; i++)
		leash_clear(&graph.table[i]);
}

static int load(const struct database *db, struct pool *pool)
{
	struct loading loading = { .db = db, .threads = pool_threads(pool) };

	graph = (struct graph){ .objects = catalog_number(db) + 1, .aside = graph.aside };
	graph.registered = calloc(graph.objects, sizeof(*graph.registered));
	graph.table = calloc(db->name_count, sizeof(*graph.table));
	if (graph.registered != NULL && graph.table != NULL) {
		pool_run(pool, make_packages, &loading);
		if (!graph.failed)
			pool_run(pool, make_versions, &loading);
		if (!graph.failed)
			make_catalog(db);
		pool_run(pool, drop_table, &loading);
	} else {
		graph.failed = 1;
	}
	free(graph.table);
	graph.table = NULL;
	return graph.failed ? -1 : 0;
}

static uint32_t born(void)
{
	return graph.born;
}

static uint64_t bytes(void)
{
	return graph.bytes;
}

static void drop(void)
{
	leash_clear(&graph.catalog);
}

/* Waits until so many objects of a register are alive, as long as fewer get fewer. */
static uint32_t await(void *const *registered, uint32_t expected)
{
	uint32_t alive, before = UINT32_MAX;

	for (int waited = 0;; waited++) {
		alive = 0;
		leash_flush();
		for (uint32_t i = 0; i < graph.objects; i++)
			alive += __atomic_load_n(&registered[i], __ATOMIC_ACQUIRE) != NULL;
		if (alive < before)
			waited = 0;
		if (alive <= expected || waited == PATIENCE)
			return alive;
		before = alive;
		usleep(1000);
	}
}

static void settle(uint32_t expected)
{
	await(graph.registered, expected);
}

static bool is_alive(uint32_t object)
{
	return graph.registered != NULL &&
	       __atomic_load_n(&graph.registered[object], __ATOMIC_ACQUIRE) != NULL;
}

static uint32_t died_twice(void)
{
	return __atomic_load_n(&graph.died_twice, __ATOMIC_RELAXED);
}

static void set_aside(void)
{
	graph.aside = graph.registered;
	graph.registered = NULL;
}

static long collect(void)
{
	return leash_collect(2);
}

static uint32_t left_aside(void)
{
	return await(graph.aside, 0);
}

static long shutdown_library(void)
{
	return leash_shutdown();
}

/* The register's pointers hold nothing, so all that is left is retained before the first
 * field is emptied; nothing dies while the loop still looks at it. */
static void cut(void)
{
	if (graph.registered == NULL)
		return;
	for (uint32_t i = 0; i < graph.objects; i++)
		leash_retain((struct any *)graph.registered[i]);
	for (uint32_t i = 0; i < graph.objects; i++) {
		struct any *object = graph.registered[i];

		for (uint32_t k = 0; object != NULL && k < object->count; k++)
			leash_clear(&object->references[k]);
	}
	for (uint32_t i = 0; i < graph.objects; i++)
		leash_release(__atomic_load_n(&graph.registered[i], __ATOMIC_RELAXED));
}

static void forget(void)
{
	free(graph.registered);
	free(graph.aside);
	graph.registered = graph.aside = NULL;
}

static void walk(void *arg, unsigned thread);

const struct engine ENGINE = {
	.name = ENGINE_NAME,
	.load = load,
	.born = born,
	.bytes = bytes,
	.walk = walk,
	.drop = drop,
	.settle = settle,
	.is_alive = is_alive,
	.died_twice = died_twice,
	.set_aside = set_aside,
	.collect = collect,
	.left_aside = left_aside,
	.shutdown = shutdown_library,
	.cut = cut,
	.forget = forget,
};
