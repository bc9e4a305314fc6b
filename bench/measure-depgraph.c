/* The main job: examples/depgraph, which compares its two builds by itself.
 *
 * It prints one line, `ratio<TAB>detail`.  The program is expected where the build puts it, below the
 * current directory.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "examples/depgraph/depgraph"

bool measure_depgraph(struct outcome *outcome)
{
	char line[sizeof(outcome->detail) + 64] = "", *detail = line;
	FILE *output;
	int status;

	if (access(PROGRAM, X_OK) != 0) {
		fprintf(stderr, "ratios: depgraph_vs_naive: no " PROGRAM " here: "
				"build it, and run this at the top of the build tree\n");
		return false;
	}
	output = popen(PROGRAM " --ratio", "r");
	if (output == NULL) {
		perror("ratios: popen");
		return false;
	}
	if (fgets(line, sizeof(line), output) == NULL)
		line[0] = '\0';
	status = pclose(output);
	line[strcspn(line, "\n")] = '\0';
	outcome->ratio = strtod(line, &detail);
	if (status != 0 || detail == line) {
		fprintf(stderr, "ratios: depgraph_vs_naive: " PROGRAM " --ratio ended with status %d and printed \"%s\"\n",
			status, line);
		return false;
	}
	if (*detail == '\t')
		detail++;
	snprintf(outcome->detail, sizeof(outcome->detail), "%s", detail);
	return true;
}
