/* What tests/gdb.sh looks at: objects of all kinds, each in a variable of its own that holds no reference unless it
 * says so.
 *
 *     debugged FILE      writes into FILE what leash_why() says of them, comes by printed(), adds what a debugger sees
 *                        otherwise than the process itself, and comes by here(); then by both, again and again
 *
 * Without a debugger it does nothing of interest.  It ends with most of its objects alive. */
#include <leash/leash.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

struct node {
	struct node *next;
	struct node *children[2];
	leash_weak parent;
	int value;
};

struct row {
	size_t length;
	struct node *cells[];
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct node, next, children, parent),
};

static const leash_type loop_type = {
	.name = "loop",
	.size = sizeof(struct node),
	.flags = LEASH_ACYCLIC,
	LEASH_FIELDS(struct node, next),
};

static const leash_type row_type = {
	.name = "row",
	.size = sizeof(struct row),
	LEASH_FIELDS(struct row, LEASH_TAIL(cells)),
};

/* What it holds, only its trace knows. */
struct drawer {
	struct node *hidden;
};

static void trace_drawer(void *object, leash_visit_fn *visit, void *arg)
{
	visit(&((struct drawer *)object)->hidden, arg);
}

static const leash_type drawer_type = {
	.name = "drawer",
	.size = sizeof(struct drawer),
	.trace = trace_drawer,
};

struct mortal {
	long value[2];
};

void dying(void);
void printed(void);
void here(void);
__attribute__((noinline)) void dying(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void printed(void) { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void here(void) { __asm__ volatile("" ::: "memory"); }

struct mortal *corpse; /* dying() is called when it dies */
struct mortal *mortal; /* held */

static void destroy_mortal(void *object)
{
	if (object == corpse)
		dying();
}

static const leash_type mortal_type = {
	.name = "mortal",
	.size = sizeof(struct mortal),
	.flags = LEASH_WEAKABLE,
	.destroy = destroy_mortal,
};

struct node *chain; /* held */
struct node *deep;
struct node *ring;
struct node *hanging;
struct node *loop;
struct node *selfish; /* held */
struct node *far;
leash_array *array;   /* held */
struct node *element;
struct row *row;      /* held */
struct node *cell;
struct node *eternal;
leash_weak watcher, gone, empty;
leash_slot current;   /* held */
leash_map *map;       /* held */
struct node *numbered, *titled, *odd, *endless;
leash_key_map *key_map; /* held */
struct node *attached;
struct drawer *drawer; /* held */
struct node *stranger; /* held by another thread */

static sem_t made, over;

static struct node *new_node(int value)
{
	struct node *n = leash_new(&node_type);

	n->value = value;
	return n;
}

static void make_chain(void)
{
	struct node *middle = new_node(2);

	chain = new_node(1);
	deep = new_node(3);
	leash_weak_init(&watcher, deep);
	leash_weak_init(&middle->parent, chain);
	leash_set_take(&middle->children[1], deep);
	leash_set_take(&chain->next, middle);
}

static void make_cycles(void)
{
	struct node *other = new_node(5);

	ring = new_node(4);
	hanging = new_node(6);
	leash_set(&other->next, ring);
	leash_set_take(&other->children[0], hanging);
	leash_set_take(&ring->next, other);
	leash_release(ring);

	selfish = new_node(7);
	leash_set(&selfish->next, selfish);

	/* A short way to it, and behind that a longer one. */
	far = new_node(16);
	leash_set_take(&selfish->children[0], new_node(17));
	leash_set(&selfish->children[0]->next, far);
	leash_set_take(&selfish->children[1], new_node(18));
	leash_set_take(&selfish->children[1]->next, new_node(19));
	leash_set_take(&selfish->children[1]->next->next, far);

	loop = leash_new(&loop_type);
	leash_set(&loop->next, loop);
	leash_release(loop);
}

static void make_rows(void)
{
	array = leash_array_new();
	element = new_node(8);
	leash_array_append(array, NULL);
	leash_array_append_take(array, element);

	row = leash_new_extra(&row_type, 3 * sizeof(struct node *));
	cell = new_node(9);
	leash_set_take(&row->cells[2], cell);

	/* Two more ways to it: one as short as the chain, and a longer one. */
	leash_set(&element->next, deep);
	leash_set(&cell->next, element);
}

static void make_others(void)
{
	struct node *dies = new_node(10);

	leash_weak_init(&gone, dies);
	leash_release(dies);
	eternal = new_node(11);
	leash_immortalize(eternal);
	leash_slot_store_take(&current, new_node(12));
	mortal = leash_new(&mortal_type);
	corpse = leash_new(&mortal_type);
	leash_release(corpse);
}

static struct node *put(leash_key key, int value)
{
	struct node *n = new_node(value);

	leash_map_set(map, key, n);
	leash_release(n);
	return n;
}

static void make_maps(void)
{
	map = leash_map_new();
	numbered = put(leash_key_number(42), 20);
	titled = put(leash_key_text("session:17"), 21);
	odd = put(leash_key_bytes("\0\x1f\x7f\n\"\\&\xc3\xa4\xe2\x82\xac\xff\xc3", 14), 22);
	endless = put(leash_key_text("0123456789012345678901234567890123456789!"), 23);
	leash_map_remove(map, leash_key_number(42));
	numbered = put(leash_key_number(42), 20);

	key_map = leash_key_map_new();
	attached = new_node(24);
	leash_key_map_set(key_map, chain, attached);
	leash_release(attached);
}

static void make_drawer(void)
{
	drawer = leash_new(&drawer_type);
	drawer->hidden = new_node(14);
}

#define EXPLAIN(name) (fprintf(file, "== %s\n", #name), leash_why(name, file))

static void explain(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return;
	EXPLAIN(chain);
	EXPLAIN(deep);
	EXPLAIN(ring);
	EXPLAIN(hanging);
	EXPLAIN(loop);
	EXPLAIN(selfish);
	EXPLAIN(far);
	EXPLAIN(array);
	EXPLAIN(element);
	EXPLAIN(cell);
	EXPLAIN(eternal);
	EXPLAIN(numbered);
	EXPLAIN(titled);
	EXPLAIN(odd);
	EXPLAIN(endless);
	EXPLAIN(attached);
	fclose(file);
}

static void *make_stranger(void *arg)
{
	(void)arg;
	stranger = new_node(13);
	stranger->next = new_node(15);
	sem_post(&made);
	sem_wait(&over);
	leash_release(stranger);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i, round;

	leash_gc_disable();
	sem_init(&made, 0, 0);
	sem_init(&over, 0, 0);
	pthread_create(&thread, NULL, make_stranger, NULL);
	sem_wait(&made);
	make_chain();
	make_cycles();
	make_rows();
	make_others();
	make_maps();
	leash_flush();
	explain(argc > 1 ? argv[1] : "/dev/null");
	for (round = 0; round < 100; round++) {
		usleep(20000); /* the library's threads go to sleep */
		printed();
		if (round == 0)
			make_drawer();
		/* What is used again and again is given back without being subtracted. */
		for (i = 0; i < 8; i++)
			leash_release(leash_retain(stranger));
		here();
	}
	sem_post(&over);
	pthread_join(thread, NULL);
	return 0;
}
