/* The harness tests itself: the program runs itself with the name of a scenario as its argument
 * and compares what that prints, and how it ends, with what TAP asks for. */
#include "tap.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { THREADS = 8, CHECKS = 500 };

static void *check_many(void *unused)
{
	(void)unused;
	for (int i = 0; i < CHECKS; i++)
		ok(true, "from a thread");
	return NULL;
}

static int scenario(const char *name)
{
	if (strcmp(name, "pass") == 0) {
		ok(1 + 1 == 2, "sum of %d", 2);
		is_int(3, 3, "three");
		is_str("a", "a", "a");
		is_str(NULL, NULL, "no string");
		is_ptr(name, name, "pointer");
	} else if (strcmp(name, "fail") == 0) {
		ok(1 + 1 == 3, "sum");
		is_int(-1, 2, "number");
		is_str("a", NULL, "string");
		is_ptr(NULL, NULL, "pointer");
	} else if (strcmp(name, "skip") == 0) {
		skip(2, "no %s", "luck");
	} else if (strcmp(name, "skip-all") == 0) {
		skip_all("nothing here");
	} else if (strcmp(name, "bail") == 0) {
		bail_out("broken");
	} else if (strcmp(name, "planned") == 0) {
		plan(1);
		ok(true, "only");
	} else if (strcmp(name, "too few") == 0) {
		plan(2);
		ok(true, "only");
	} else if (strcmp(name, "escape") == 0) {
		ok(false, "a # SKIP b\nok 2 c");
	} else if (strcmp(name, "early end") == 0) {
		ok(true, "first");
		exit(0);
	} else if (strcmp(name, "threads") == 0) {
		pthread_t threads[THREADS];

		for (int i = 0; i < THREADS; i++)
			if (pthread_create(&threads[i], NULL, check_many, NULL))
				bail_out("no thread");
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	return done();
}

static FILE *run(const char *program, const char *name)
{
	char command[4096];
	FILE *output;

	snprintf(command, sizeof command, "'%s' '%s' 2>&1", program, name);
	output = popen(command, "r");
	if (!output)
		bail_out("cannot run %s", command);
	return output;
}

static int end(FILE *output)
{
	int status = pclose(output);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *program, const char *name, int status, const char *want)
{
	char got[4096];
	FILE *output = run(program, name);

	got[fread(got, 1, sizeof got - 1, output)] = '\0';
	is_int(end(output), status, "%s: exit status", name);
	/* Line numbers of this file are cut out of what was printed. */
	for (char *at = got; (at = strstr(at, "# " __FILE__ ":"));) {
		char *number = at + strlen("# " __FILE__ ":");

		memmove(at + 2, strchr(number, ' ') + 1, strlen(strchr(number, ' ')));
		at += 2;
	}
	is_str(got, want, "%s: output", name);
}

static void expect_threads(const char *program)
{
	char line[256], want[256];
	FILE *output = run(program, "threads");
	int good = 0;

	while (fgets(line, sizeof line, output)) {
		snprintf(want, sizeof want, "ok %d - from a thread\n", good + 1);
		if (strcmp(line, want))
			break;
		good++;
	}
	is_int(good, THREADS * CHECKS, "threads: whole lines, numbered in order");
	snprintf(want, sizeof want, "1..%d\n", THREADS * CHECKS);
	is_str(line, want, "threads: plan at the end");
	is_int(end(output), 0, "threads: exit status");
}

int main(int count, char **arguments)
{
	const char *self = arguments[0];

	if (count > 1)
		return scenario(arguments[1]);

	expect(self, "pass", 0,
	       "ok 1 - sum of 2\nok 2 - three\nok 3 - a\nok 4 - no string\nok 5 - pointer\n1..5\n");
	expect(self, "fail", 1,
	       "not ok 1 - sum\n# not true: 1 + 1 == 3\n"
	       "not ok 2 - number\n# got -1, want 2\n"
	       "not ok 3 - string\n# got a, want NULL\n"
	       "ok 4 - pointer\n1..4\n");
	expect(self, "skip", 0, "ok 1 # SKIP no luck\nok 2 # SKIP no luck\n1..2\n");
	expect(self, "skip-all", 0, "1..0 # SKIP nothing here\n");
	expect(self, "bail", 1, "Bail out! broken\n");
	expect(self, "planned", 0, "1..1\nok 1 - only\n");
	expect(self, "too few", 1, "1..2\nok 1 - only\n# planned 2 checks, made 1\n");
	expect(self, "escape", 1, "not ok 1 - a . SKIP b ok 2 c\n# not true: false\n1..1\n");
	expect(self, "early end", 0, "ok 1 - first\n");
	expect_threads(self);
	return done();
}
