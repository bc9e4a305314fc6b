/* GWeakRef, taken and dropped: what case-weak.c does, with GObject's counts.
 */
#include "case.h"
#include "pool.h"

#include <glib-object.h>

typedef struct leaf {
	GObject object;
	char payload[32];
} Leaf;

typedef GObjectClass LeafClass;

static GType leaf_get_type(void);
G_DEFINE_FINAL_TYPE(Leaf, leaf, G_TYPE_OBJECT)

static void leaf_class_init(LeafClass *class)
{
	(void)class;
}

static void leaf_init(Leaf *leaf)
{
	(void)leaf;
}

static struct pool pool;
static GWeakRef row[OBJECTS];

static void begin(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < POOL; i++)
		pool.all[i] = g_object_new(leaf_get_type(), NULL);
	for (int i = 0; i < OBJECTS; i++)
		g_weak_ref_init(&row[i], NULL);
}

static void prepare(const struct bench_case *self, long n)
{
	(void)self, (void)n;
	draw(&pool);
	for (int i = 0; i < OBJECTS; i++)
		g_weak_ref_set(&row[i], pool.row[i]);
}

static void run(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	for (long i = 0; i < n; i++) {
		gpointer object = g_weak_ref_get(&row[i % OBJECTS]);

		bench_keep(object);
		g_object_unref(object);
	}
}

static void end(const struct bench_case *self)
{
	(void)self;
	for (int i = 0; i < OBJECTS; i++)
		g_weak_ref_clear(&row[i]);
	for (int i = 0; i < POOL; i++)
		g_object_unref(pool.all[i]);
}

const struct bench_case weak_glib = {
	.name = "weak/glib", .begin = begin, .prepare = prepare, .run = run, .end = end,
	.slice = 30000,
};

static gpointer hot;
static GWeakRef hot_weak;

static void begin_hot(const struct bench_case *self)
{
	(void)self;
	hot = g_object_new(leaf_get_type(), NULL);
	g_weak_ref_init(&hot_weak, hot);
}

static void run_hot(const struct bench_case *self, long n, int thread)
{
	(void)self, (void)thread;
	while (n-- > 0) {
		gpointer object = g_weak_ref_get(&hot_weak);

		bench_keep(object);
		g_object_unref(object);
	}
}

static void end_hot(const struct bench_case *self)
{
	(void)self;
	g_weak_ref_clear(&hot_weak);
	g_object_unref(hot);
}

const struct bench_case weak_hot_glib = {
	.name = "weak-hot/glib", .begin = begin_hot, .run = run_hot, .end = end_hot,
	.slice = 10000, .shared = 1,
};
