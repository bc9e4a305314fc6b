/* The tour's stories as pictures: `pictures FOLDER` writes a graph for dot for each, and `make pictures` draws them.
 *
 * Each shows the whole heap at one moment, with the addresses left out, and leaves it empty for the next. */
#include <string.h>

#include "number.h"
#include "person.h"
#include "user.h"

static const char *folder;

static void copy_without_addresses(const char *graph, FILE *file)
{
	const char *address;

	while ((address = strstr(graph, "0x")) != NULL) {
		fwrite(graph, 1, (size_t)(address - graph), file);
		graph = address + strcspn(address, " ") + 1;
	}
	fputs(graph, file);
}

static void draw(const char *name)
{
	char path[4096], *graph = NULL;
	size_t length = 0;
	FILE *memory = need(open_memstream(&graph, &length)), *file;

	snprintf(path, sizeof(path), "%s/%s.dot", folder, name);
	must(leash_heap_dump(memory, LEASH_GRAPHVIZ, NULL));
	fclose(memory);
	file = need(fopen(path, "w"));
	copy_without_addresses(graph, file);
	must(fclose(file));
	free(graph);
}

/* Two labels on one list of numbers. */
static void draw_labels(void)
{
	LEASH_AUTO leash_array *a = need(leash_array_new());
	LEASH_AUTO leash_array *b = leash_retain(a);
	int i;

	for (i = 1; i <= 3; i++)
		must(leash_array_append_take(b, number_new(i)));
	draw("labels");
}

/* Who holds whom, and who holds the first. */
static void draw_chain(void)
{
	LEASH_AUTO struct person *socrates = person_new_quiet("Socrates");

	leash_set_take(&socrates->friend, person_new_quiet("Plato"));
	leash_set_take(&socrates->friend->friend, person_new_quiet("Aristotle"));
	draw("chain");
}

/* Alice and Bob, while there are labels on them, without, and after a collection; Carol, whom somebody knows, and Dan. */
static void draw_friends(void)
{
	struct person *alice = person_new_quiet("Alice"), *bob = person_new_quiet("Bob");
	LEASH_AUTO struct person *carol = person_new_quiet("Carol");

	leash_set(&alice->friend, bob);
	leash_set(&bob->friend, alice);
	leash_set_take(&carol->friend, person_new_quiet("Dan"));
	draw("friends");
	leash_release(alice);
	leash_release(bob);
	draw("friends-alone");
	leash_collect(2);
	draw("friends-collected");
}

/* The map is weak: nothing leads from it to the users. */
static void draw_cache(void)
{
	LEASH_AUTO leash_weak_map *cache = need(leash_weak_map_new());
	LEASH_AUTO struct user *alice = user_get(cache, "Alice");
	LEASH_AUTO struct user *bob = user_get(cache, "Bob");

	draw("cache");
	leash_clear(&alice);
	draw("cache-later");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: pictures FOLDER\n", stderr);
		return 2;
	}
	folder = argv[1];
	setenv("LEASH_OPTIONS", "track:true", 1);
	leash_gc_disable();
	draw_labels();
	draw_chain();
	draw_friends();
	draw_cache();
	return leash_shutdown() != 0;
}
