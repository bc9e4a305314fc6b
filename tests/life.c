/* A program with something to see: objects that die in every way there is, cycles, waits.  Scripts look at it from outside.
 *
 *     life FOLDER     lives for a moment, and writes its statistics to FOLDER/text, FOLDER/json and FOLDER/prometheus
 *     life            goes on until its standard input ends
 */
#include <leash/leash.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct node {
	struct node *next;
	long value;
};

static void node_finalize(void *object)
{
	(void)object;
}

static const leash_type node_type = { .name = "node", .size = sizeof(struct node), LEASH_FIELDS(struct node, next) };
static const leash_type ending_type = {
	.name = "ending", .size = sizeof(struct node), LEASH_FIELDS(struct node, next), .finalize = node_finalize,
};

static int stopping;

static struct node *make(const leash_type *type)
{
	struct node *node = leash_new(type);

	if (!node)
		exit(1);
	return node;
}

static void *drop(void *object)
{
	leash_release(object);
	return NULL;
}

static void drop_elsewhere(struct node *node)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, drop, node))
		exit(1);
	pthread_join(thread, NULL);
}

static pthread_barrier_t barrier;

/* Its reference is subtracted when the thread ends: the first release is at once, later ones are deferred. */
static void *use(void *object)
{
	for (int i = 0; i < 2; i++)
		leash_release(leash_retain(object));
	leash_release(object);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

/* One of each. */
static void *deaths(void *unused)
{
	struct node *node = make(&node_type);
	pthread_t thread;

	leash_handoff(leash_retain(node));
	if (pthread_create(&thread, NULL, use, node))
		exit(1);
	pthread_barrier_wait(&barrier);
	leash_release(node);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	leash_release(make(&ending_type));
	drop_elsewhere(make(&node_type));
	node = make(&node_type);
	leash_handoff(node);
	drop_elsewhere(node);
	node = make(&node_type);
	leash_set(&node->next, node);
	leash_release(node);
	return unused;
}

static void churn(int number)
{
	for (int i = 0; i < number; i++) {
		struct node *node = make(i % 4 ? &node_type : &ending_type);

		if (i % 2)
			leash_set(&node->next, node);
		leash_release(node);
	}
}

/* Garbage that the collector's thread does not find first. */
static void collect_some(void)
{
	leash_gc_disable();
	for (int i = 0; i < 10; i++) {
		struct node *node = make(&node_type);

		leash_set(&node->next, node);
		leash_release(node);
		leash_collect(LEASH_GENERATIONS - 1);
	}
}

static void *churn_on(void *unused)
{
	while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		churn(1000);
		deaths(NULL);
		usleep(1000);
	}
	return unused;
}

static void write_to(const char *folder, const char *name, leash_format format)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || leash_stats_print(file, format) || fclose(file))
		exit(1);
}

int main(int argc, char **argv)
{
	static struct node *volatile immortal; /* where leak checkers look */
	struct node *kept = make(&node_type);
	pthread_t thread;

	immortal = make(&node_type);
	leash_immortalize(immortal);
	pthread_barrier_init(&barrier, NULL, 2);
	if (argc > 1) {
		for (int i = 0; i < 10; i++)
			deaths(NULL);
		churn(100000);
		collect_some();
		leash_shutdown();
		write_to(argv[1], "text", LEASH_TEXT);
		write_to(argv[1], "json", LEASH_JSON);
		write_to(argv[1], "prometheus", LEASH_PROMETHEUS);
	} else {
		char byte;

		if (pthread_create(&thread, NULL, churn_on, NULL))
			return 1;
		puts("alive");
		fflush(stdout);
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
		__atomic_store_n(&stopping, 1, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
	}
	leash_release(kept);
	return leash_shutdown() != 0;
}
