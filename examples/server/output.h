/* What a client has been told and has not been sent yet. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>
#include "value.h"

/* A chain of pieces: bytes of its own, or a text, whose bytes are sent from where they are and which is held until they
 * have been.  Zero-initialised: nothing. */
struct output {
	struct piece *first, *last;
	size_t pending; /* bytes */
	bool failed;    /* there was no memory for something that was to be said */
};

void output_bytes(struct output *output, const char *bytes, size_t length);
void output_text(struct output *output, struct text *text);

/* Where the first pieces are; how many, `room` at most. */
unsigned output_pieces(const struct output *output, uv_buf_t *pieces, unsigned room);

/* So many bytes have been sent. */
void output_sent(struct output *output, size_t bytes);
void output_free(struct output *output);

#endif
