/* LEASH_OPTIONS=leak_report:true: what is said at the end, and what is not. */
#include <leash/leash.h>
#include <ctype.h>
#include "sanitized.h"
#include "scene.h"
#include "tap.h"
#include "threads.h"

struct node {
	struct node *next;
	int number;
};

static const leash_type node_type = {
	.name = "node",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static const leash_type holder_type = {
	.name = "holder",
	.size = sizeof(struct node),
	LEASH_FIELDS(struct node, next),
};

static const leash_type leaf_type = { .name = "leaf", .size = 100 };

static struct node *kept;

static struct node *node(struct node *next)
{
	struct node *n = leash_new(&node_type);

	leash_set_take(&n->next, next);
	return n;
}

static void *lose(void *unused)
{
	(void)unused;
	return node(NULL);
}

static void release_kept(void)
{
	leash_clear(&kept);
}

static int act(const char *scene)
{
	struct node *first = node(NULL);

	if (strcmp(scene, "clean") == 0) {
		/* A cycle, what another thread had, and what an exit handler gives up. */
		leash_set_take(&first->next, node(first));
		leash_release(elsewhere(lose, NULL));
		kept = node(NULL);
		atexit(release_kept);
	} else if (strcmp(scene, "kept") == 0) {
		for (int i = 0; i < 3; i++)
			if (!leash_new(&leaf_type)) /* nobody has it */
				return 1;
		kept = leash_new(&holder_type);
		leash_set_take(&kept->next, first);
	} else if (strcmp(scene, "immortal") == 0) {
		leash_immortalize(first);
		kept = node(NULL);
	} else if (strcmp(scene, "threads") == 0) {
		elsewhere(lose, NULL);
		leash_release(first);
	} else if (strcmp(scene, "shutdown") == 0) {
		kept = first;
		return (int)leash_shutdown() + 41;
	} else if (strcmp(scene, "fork") == 0) {
		leash_release(first);
		kept = node(NULL);
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		leash_clear(&kept);
	}
	return 42;
}

/* With every address replaced by a @. */
static void without_addresses(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '0' && text[1] == 'x') {
			*to++ = '@';
			for (text += 2; isxdigit((unsigned char)*text); text++)
				;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

static void expect(const char *scene, const char *options, const char *report, const char *what)
{
	struct outcome o;

	play(&o, scene, options);
	without_addresses(o.err);
	is_int(o.status, 42, "%s: the exit status is the program's", what);
	is_str(o.err, report, "%s: the report", what);
}

int main(int argc, char **argv)
{
	static const char kept_report[] =
		"leash: still alive at the end: 5 objects of 3 types, 448 bytes\n"
		"leash: 3 leaf, 384 bytes; one of them:\n"
		"leash:   leaf @: 1 reference, 0 from fields, 1 from outside\n"
		"leash: 1 holder, 32 bytes:\n"
		"leash:   holder @: 1 reference, 0 from fields, 1 from outside\n"
		"leash: 1 node, 32 bytes:\n"
		"leash:   node @: 1 reference, 1 from fields, 0 from outside\n"
		"leash:   shortest chain from outside:\n"
		"leash:     holder @, 1 from outside\n"
		"leash:     .next -> node @\n";
	static const char one_node[] =
		"leash: still alive at the end: 1 object of 1 type, 32 bytes\n"
		"leash: 1 node, 32 bytes:\n"
		"leash:   node @: 1 reference, 0 from fields, 1 from outside\n";

	if (argc > 1)
		return act(argv[1]);
	/* AddressSanitizer would say the same at its own end, and change the exit status. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	expect("kept", NULL, "", "without the option");
	expect("kept", "track:true", "", "with tracking alone");
	expect("clean", "leak_report:true", "", "nothing is left");
	expect("immortal", "leak_report:true", one_node, "immortal objects are meant to be there");
	expect("threads", "leak_report:true", one_node, "what an ended thread has left");
	expect("shutdown", "leak_report:true", one_node, "after leash_shutdown()");
	if (THREAD_SANITIZED)
		skip(2, "ThreadSanitizer does not know liburcu's handlers of a fork");
	else
		expect("fork", "leak_report:true", "", "a child that ends by _exit()");
	expect("kept", "leak_report:true", kept_report, "objects of several types");
	return done();
}
