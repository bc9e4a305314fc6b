/* The threads of this process as the kernel knows them. */
#ifndef TASKS_H
#define TASKS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tap.h"

/* The first line of a thread's file that begins so, behind that; false if there is none, or the thread has ended. */
static inline bool task_line(const char *task, const char *file, const char *begin, char *rest, size_t room)
{
	char path[300], line[256];
	bool found = false;
	FILE *stream;

	snprintf(path, sizeof path, "/proc/self/task/%s/%s", task, file);
	stream = fopen(path, "r");
	while (stream && !found && fgets(line, sizeof line, stream))
		if ((found = strncmp(line, begin, strlen(begin)) == 0)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(rest, room, "%s", line + strlen(begin));
		}
	if (stream)
		fclose(stream);
	return found;
}

/* How many threads there are, those of a sanitizer's too; and how often the one with that name has gone to sleep, -1 if there is
 * none. */
static inline int tasks_look(const char *name, long *sleeps)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	char text[256];
	int number = 0;

	*sleeps = -1;
	while (tasks && (entry = readdir(tasks)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		number++;
		if (task_line(entry->d_name, "comm", "", text, sizeof text) && strcmp(text, name) == 0 &&
		    task_line(entry->d_name, "status", "voluntary_ctxt_switches:", text, sizeof text))
			*sleeps = atol(text);
	}
	if (tasks)
		closedir(tasks);
	return number;
}

static inline int task_count(void)
{
	long sleeps;

	return tasks_look("", &sleeps);
}

static inline long task_sleeps(const char *name)
{
	long sleeps;

	tasks_look(name, &sleeps);
	return sleeps;
}

#endif
