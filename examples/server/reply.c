/* Replies, as RESP2 has them. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"

#define LONGEST_ERROR 1024
#define NUMBER        24  /* characters of a number's line */
#define SMALL         128 /* bytes of a reply that is put together first */

static void line(struct client *client, char type, const char *text, size_t length)
{
	output_bytes(&client->output, &type, 1);
	output_bytes(&client->output, text, length);
	output_bytes(&client->output, "\r\n", 2);
}

/* Type, number and line end: how most replies begin.  Written from the end, without printf(), for speed; where it begins. */
static char *number_before(char *at, char type, int64_t number)
{
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	*--at = '\n';
	*--at = '\r';
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		*--at = '-';
	*--at = type;
	return at;
}

static void number_line(struct client *client, char type, int64_t number)
{
	char text[NUMBER], *end = text + sizeof(text), *begin = number_before(end, type, number);

	output_bytes(&client->output, begin, (size_t)(end - begin));
}

/* At once. */
static void reply_small(struct client *client, const char *bytes, size_t length)
{
	char text[NUMBER + SMALL + 2], *begin = number_before(text + NUMBER, '$', (int64_t)length), *end = text + NUMBER;

	if (length)
		memcpy(end, bytes, length);
	end += length;
	*end++ = '\r';
	*end++ = '\n';
	output_bytes(&client->output, begin, (size_t)(end - begin));
}

void reply_simple(struct client *client, const char *text)
{
	line(client, '+', text, strlen(text));
}

static int ends_line(char c)
{
	return c == '\r' || c == '\n';
}

/* What a client has sent may be quoted in it, which must not end the line: at the end of the text it is left out, and
 * within it becomes spaces, as Redis does. */
void reply_error(struct client *client, const char *format, ...)
{
	char text[LONGEST_ERROR];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(text))
		length = sizeof(text) - 1;
	while (length > 0 && ends_line(text[length - 1]))
		length--;
	for (int i = 0; i < length; i++) {
		if (ends_line(text[i]))
			text[i] = ' ';
	}
	line(client, '-', text, (size_t)length);
}

void reply_number(struct client *client, int64_t number)
{
	number_line(client, ':', number);
}

void reply_bytes(struct client *client, const char *bytes, size_t length)
{
	if (length <= SMALL) {
		reply_small(client, bytes, length);
		return;
	}
	number_line(client, '$', (int64_t)length);
	output_bytes(&client->output, bytes, length);
	output_bytes(&client->output, "\r\n", 2);
}

void reply_text(struct client *client, struct text *text)
{
	if (text->length <= SMALL) {
		reply_small(client, text->bytes, text->length);
		return;
	}
	number_line(client, '$', (int64_t)text->length);
	output_text(&client->output, text);
	output_bytes(&client->output, "\r\n", 2);
}

void reply_nil(struct client *client)
{
	output_bytes(&client->output, "$-1\r\n", 5);
}

void reply_nil_array(struct client *client)
{
	output_bytes(&client->output, "*-1\r\n", 5);
}

void reply_array(struct client *client, size_t number)
{
	number_line(client, '*', (int64_t)number);
}
