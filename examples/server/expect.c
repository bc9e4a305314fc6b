/* What commands expect, in the words of Redis when it is not so. */
#include "expect.h"

bool expect_kind(struct client *client, const struct value *value, enum kind kind)
{
	if (!value || kind_of(value) == kind)
		return true;
	reply_error(client, "WRONGTYPE Operation against a key holding the wrong kind of value");
	return false;
}

bool expect_number(struct client *client, const struct word *word, int64_t *number)
{
	if (bytes_are_number(word->bytes, word->length, number))
		return true;
	reply_error(client, "ERR value is not an integer or out of range");
	return false;
}

bool expect_count(struct client *client, const struct word *word, int64_t *number)
{
	if (bytes_are_number(word->bytes, word->length, number) && *number >= 0)
		return true;
	reply_error(client, "ERR value is out of range, must be positive");
	return false;
}

void reply_wrong_arity(struct client *client, const char *name)
{
	reply_error(client, "ERR wrong number of arguments for '%s' command", name);
}

void reply_no_memory(struct client *client)
{
	reply_error(client, "OOM command not allowed when used memory > 'maxmemory'.");
}
