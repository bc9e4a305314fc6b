/* Down by strong references, up by weak ones: no cycle, and nothing for the collector. */
#include "tour.h"

static int alive;

struct branch {
	leash_array *children;
	leash_weak parent;
	const char *name;
};

static void falls(void *object)
{
	(void)object;
	alive--;
}

/* A weak reference that is named among the fields clears itself. */
static const leash_type branch_type = {
	.name = "branch",
	.size = sizeof(struct branch),
	.flags = LEASH_WEAKABLE,
	LEASH_FIELDS(struct branch, children, parent),
	.destroy = falls,
};

/* The parent owns what is made; what is returned is borrowed from it. */
static struct branch *grow(struct branch *parent, const char *name)
{
	struct branch *branch = need(leash_new(&branch_type));

	alive++;
	branch->name = name;
	leash_set_take(&branch->children, need(leash_array_new()));
	must(leash_weak_init(&branch->parent, parent));
	if (parent)
		must(leash_array_append_take(parent->children, branch));
	return branch;
}

static void print_way_up(struct branch *from)
{
	LEASH_AUTO struct branch *here = leash_retain(from);

	printf("the way up:");
	while (here) {
		printf(" %s", here->name);
		leash_set_take(&here, leash_weak_load(&here->parent));
	}
	printf("\n");
}

void trees(void)
{
	struct branch *root = grow(NULL, "root");
	LEASH_AUTO struct branch *leaf = leash_retain(grow(grow(root, "branch"), "leaf"));

	grow(root, "twig");
	print_way_up(leaf);
	printf("alive: %d; the root has %zu reference\n", alive, leash_refcount(root));
	printf("the root goes\n");
	leash_release(root);
	printf("alive: %d, the leaf that we hold\n", alive);
	print_way_up(leaf);
	leash_clear(&leaf);
	printf("alive: %d; the collector finds %ld\n", alive, leash_collect(2));
}
