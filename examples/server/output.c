/* What a client has been told and has not been sent yet.
 *
 * Short replies follow each other in a piece's own bytes.  A text is not copied: a piece holds a reference to it and sends
 * its bytes, though the key may lead to another by then.  Only of short ones a copy is cheaper than a piece.
 *
 * Pieces stay where they are while the kernel or libuv looks at them, and may grow behind what these have been shown.
 */
#include <stdlib.h>
#include <string.h>

#include "output.h"

#define ROOM  (16 << 10) /* bytes of a piece of its own */
#define SHORT 512        /* bytes of a text that is copied */

struct piece {
	struct piece *next;
	const char *begin; /* what has not been sent */
	size_t length;
	size_t room;       /* behind it */
	struct text *text; /* NULL: `own` */
	char own[];
};

static struct piece *piece_new(struct output *output, size_t room)
{
	struct piece *piece = malloc(sizeof(*piece) + room);

	if (!piece) {
		output->failed = true;
		return NULL;
	}
	piece->next = NULL;
	piece->begin = piece->own;
	piece->length = 0;
	piece->room = room;
	piece->text = NULL;
	if (output->last)
		output->last->next = piece;
	else
		output->first = piece;
	output->last = piece;
	return piece;
}

void output_bytes(struct output *output, const char *bytes, size_t length)
{
	while (length) {
		struct piece *piece = output->last;
		size_t now;

		if ((!piece || !piece->room) && !(piece = piece_new(output, ROOM)))
			return;
		now = length < piece->room ? length : piece->room;
		memcpy((char *)(uintptr_t)piece->begin + piece->length, bytes, now);
		piece->length += now;
		piece->room -= now;
		output->pending += now;
		bytes += now;
		length -= now;
	}
}

void output_text(struct output *output, struct text *text)
{
	struct piece *piece;

	if (text->length <= SHORT) {
		output_bytes(output, text->bytes, text->length);
		return;
	}
	piece = piece_new(output, 0);
	if (!piece)
		return;
	piece->text = leash_retain(text);
	piece->begin = text->bytes;
	piece->length = text->length;
	output->pending += text->length;
}

unsigned output_pieces(const struct output *output, uv_buf_t *pieces, unsigned room)
{
	unsigned number = 0;

	for (struct piece *piece = output->first; piece && number < room; piece = piece->next)
		pieces[number++] = uv_buf_init((char *)(uintptr_t)piece->begin, (unsigned)piece->length);
	return number;
}

static void free_first(struct output *output)
{
	struct piece *piece = output->first;

	output->first = piece->next;
	if (!output->first)
		output->last = NULL;
	leash_release(piece->text);
	free(piece);
}

void output_sent(struct output *output, size_t bytes)
{
	output->pending -= bytes;
	while (output->first) {
		struct piece *piece = output->first;

		if (bytes < piece->length) {
			piece->begin += bytes;
			piece->length -= bytes;
			return;
		}
		bytes -= piece->length;
		free_first(output);
	}
}

void output_free(struct output *output)
{
	while (output->first)
		free_first(output);
	output->pending = 0;
}
