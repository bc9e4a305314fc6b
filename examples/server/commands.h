/* What commands have in common. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "client.h"

/* Before the first is run. */
void commands_start(void);
size_t commands_number(void);

/* A command's name in lower case, as errors have it. */
struct lower {
	char name[32];
};
struct lower lower_of(const struct command *command);

/* Replies the lines, up to NULL: what HELP says. */
void reply_lines(struct client *client, const char *const *lines);

/* Whether the word is this text, but for the case of letters. */
bool word_is(const struct word *word, const char *text);

/* Whether the name matches a pattern, as KEYS has them: * ? [a-z] [^a] \x. */
bool glob_matches(const char *pattern, size_t pattern_length, const char *name, size_t length);

#endif
