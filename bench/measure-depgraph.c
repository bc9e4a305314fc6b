/* The main job: examples/depgraph, which compares its two builds by itself.
 *
 * It prints one line, `ratio<TAB>detail`.  The program is expected where the build puts it, below the
 * current directory.
 */
#include "measure.h"

#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME    "depgraph_vs_naive"
#define PROGRAM "examples/depgraph/depgraph"

bool measure_depgraph(int repetitions, struct outcome *outcome)
{
	const char *const argv[] = { PROGRAM, "--ratio", NULL };
	char line[sizeof(outcome->detail) + 64], *detail;

	(void)repetitions;
	if (access(PROGRAM, X_OK) != 0) {
		fprintf(stderr, "ratios: " NAME ": no " PROGRAM " here: "
				"build it, and run this at the top of the build tree\n");
		return false;
	}
	if (!program_run(NAME, argv, line, sizeof(line)))
		return false;
	outcome->ratio = strtod(line, &detail);
	if (detail == line) {
		fprintf(stderr, "ratios: " NAME ": " PROGRAM " --ratio printed \"%s\"\n", line);
		return false;
	}
	if (*detail == '\t')
		detail++;
	snprintf(outcome->detail, sizeof(outcome->detail), "%s", detail);
	return true;
}
