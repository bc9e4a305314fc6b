/* The first program of README.md. */
#include <stdio.h>
#include <leash/leash.h>

struct node {
	struct node *next;              /* a strong reference: listed below */
	int value;
};

static void goodbye(void *object)
{
	struct node *n = object;

	printf("node %d is gone\n", n->value);
}

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
	.destroy = goodbye,
};

int main(void)
{
	struct node *first = leash_new(&node_type);     /* one reference, ours; zeroed */
	struct node *second = leash_new(&node_type);

	if (!first || !second)
		return 1;
	first->value = 1;
	second->value = 2;
	leash_set_take(&first->next, second);           /* first owns our reference now */
	leash_release(first);                           /* node 1 is gone, then node 2 */
	return leash_shutdown() != 0;                   /* objects still alive: none */
}
