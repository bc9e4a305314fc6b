/* A program in which objects die by several paths, for tests/probes.sh. */
#include <leash/leash.h>
#include <pthread.h>
#include <sys/resource.h>

struct leaf {
	long value;
};
static const leash_type leaf_type = { .name = "leaf", .size = sizeof(struct leaf) };

struct node {
	struct node *next;
	long value;
};
static const leash_type node_type = {
	.name = "node", .size = sizeof(struct node), LEASH_FIELDS(struct node, next),
};

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void drop_elsewhere(void *object)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, drop, object) == 0)
		pthread_join(thread, NULL);
}

/* A birth for which there is no memory. */
static void wait_in_vain(void)
{
	struct rlimit before, little;

	getrlimit(RLIMIT_AS, &before);
	little = before;
	little.rlim_cur = (rlim_t)1 << 30;
	setrlimit(RLIMIT_AS, &little);
	leash_release(leash_new_extra(&leaf_type, (size_t)1 << 31));
	setrlimit(RLIMIT_AS, &before);
}

int main(void)
{
	struct leaf *leaf;
	struct node *node;

	leash_gc_disable();
	/* The second of each kind is born and dies by the short cuts. */
	leash_release(leash_new(&leaf_type));
	leash_release(leash_new(&leaf_type));
	leash_release(leash_new(&node_type));
	leash_release(leash_new(&node_type));
	leash_release(leash_new_extra(&leaf_type, 100));

	node = leash_new(&node_type);
	leash_set(&node->next, node);
	leash_release(node);
	leash_collect(2);

	leaf = leash_new(&leaf_type);
	leash_handoff(leaf);
	drop_elsewhere(leaf);
	drop_elsewhere(leash_new(&leaf_type));
	wait_in_vain();
	return leash_shutdown() != 0;
}
