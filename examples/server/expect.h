/* What commands expect of keys and words, and the errors that Redis answers otherwise. */
#ifndef EXPECT_H
#define EXPECT_H

#include "client.h"

/* False, and an error is answered, if there is a value and it is of another kind. */
bool expect_kind(struct client *client, const struct value *value, enum kind kind);

/* False, and an error is answered, if the word is no number of 64 bits. */
bool expect_number(struct client *client, const struct word *word, int64_t *number);

/* The same if it is no such number or a negative one. */
bool expect_count(struct client *client, const struct word *word, int64_t *number);

/* For what the command's arity does not say.  `name` is in lower case. */
void reply_wrong_arity(struct client *client, const char *name);
void reply_no_memory(struct client *client);

#endif
