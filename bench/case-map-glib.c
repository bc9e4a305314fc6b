/* What one writes with GLib: a GHashTable of GWeakRef and a mutex around it; what case-map.c does.
 *
 * A lookup takes its reference under the mutex, for the entry might go, and drops it outside.  A value is replaced in
 * its entry, without making a new one.  The keys are hashed and compared as the numbers that they are.
 */
#include "map.h"

#include "rest.h"

#include <glib-object.h>

typedef struct leaf {
	GObject object;
	char payload[32];
} MapLeaf;

typedef GObjectClass MapLeafClass;

static GType map_leaf_get_type(void);
G_DEFINE_FINAL_TYPE(MapLeaf, map_leaf, G_TYPE_OBJECT)

static void map_leaf_class_init(MapLeafClass *class)
{
	(void)class;
}

static void map_leaf_init(MapLeaf *leaf)
{
	(void)leaf;
}

static struct map_player players[BENCH_MAX_THREADS];
static GMutex mutex;
static GHashTable *map;
static gpointer values[MAP_KEYS][2];

static gpointer get(uint64_t key)
{
	GWeakRef *entry;
	gpointer object;

	g_mutex_lock(&mutex);
	entry = g_hash_table_lookup(map, GSIZE_TO_POINTER(key));
	object = entry != NULL ? g_weak_ref_get(entry) : NULL;
	g_mutex_unlock(&mutex);
	return object;
}

static void set(uint64_t key, gpointer value)
{
	GWeakRef *entry;

	g_mutex_lock(&mutex);
	entry = g_hash_table_lookup(map, GSIZE_TO_POINTER(key));
	if (entry != NULL) {
		g_weak_ref_set(entry, value);
	} else {
		entry = g_new(GWeakRef, 1);
		g_weak_ref_init(entry, value);
		g_hash_table_insert(map, GSIZE_TO_POINTER(key), entry);
	}
	g_mutex_unlock(&mutex);
}

static void drop_entry(gpointer entry)
{
	g_weak_ref_clear(entry);
	g_free(entry);
}

static void begin(const struct bench_case *self)
{
	(void)self;
	map_players_start(players);
	map = g_hash_table_new_full(NULL, NULL, NULL, drop_entry);
	for (uint64_t key = 0; key < MAP_KEYS; key++) {
		values[key][0] = g_object_new(map_leaf_get_type(), NULL);
		values[key][1] = g_object_new(map_leaf_get_type(), NULL);
		set(key, values[key][0]);
	}
}

static void run(const struct bench_case *self, long n, int thread)
{
	uint64_t random = players[thread].random;

	(void)self;
	for (; n > 0; n--) {
		uint64_t key = map_key(random);

		if (map_replaces(random)) {
			set(key, values[key][map_which(random)]);
		} else {
			gpointer object = get(key);

			bench_keep(object);
			if (object != NULL)
				g_object_unref(object);
		}
		random = map_next(random);
	}
	players[thread].random = random;
}

/* What the other side has put off is not to be paid for by this one, and this one's map is to be in the caches. */
static void prepare(const struct bench_case *self, long n)
{
	(void)n;
	rest();
	run(self, MAP_WARM, 0);
}

static void end(const struct bench_case *self)
{
	(void)self;
	g_hash_table_destroy(map);
	for (int key = 0; key < MAP_KEYS; key++) {
		g_object_unref(values[key][0]);
		g_object_unref(values[key][1]);
	}
}

const struct bench_case weak_map_glib = {
	.name = "weak-map/glib", .begin = begin, .prepare = prepare, .run = run, .end = end,
	.slice = 20000, .shared = 1, .sleeps = 1,
};
