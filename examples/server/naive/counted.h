/* The comparator: the calls of <leash/leash.h> that the server uses, as they would be without leash.
 *
 * Counting is that of ../../naive.h: one atomic counter an object, inline.  Around it stand the things a server needs, each
 * as it is usually written, and as fast as we could make it: this program is there to be lost against only for what leash
 * does.
 *
 *   - Both programs have the same allocator, and the rest of their sources.
 *   - Maps (map.c) are hash tables under a lock of their own, held for one lookup and one increment; the hash is
 *     computed, and values are released, outside of it.  Walks copy, and hold no lock when they call.
 *   - What the last reference leads to dies in the call that drops it, on the same thread.  Nothing waits.
 *   - A slot (slot.h) is its own lock, and one that is empty is not locked at all.
 *   - Weak references (weak.h) are counted as std::shared_ptr counts them.  Sets and maps of them forget the dead
 *     when they would have to grow, and then have not grown.
 *
 * What it cannot do: cycles leak; nobody can say why something is alive, or how much is (answers.c).
 *
 * The functions have the prototypes and mean what the comments say in <leash/stock.h>, of which only what the server calls
 * is here, and keys that are bytes.  Without memory a walk finds nothing.
 */
#ifndef SERVER_NAIVE_COUNTED_H
#define SERVER_NAIVE_COUNTED_H

#include "weak.h"
#include "slot.h"

#include <leash/collect.h>
#include <leash/see.h>
#include <leash/stock.h>
#include <leash/version.h>

/* A call less. */
#define leash_key_bytes(bytes, length) ((leash_key){ (bytes), (length) })

static inline void naive_scope_end(void *variable)
{
	naive_release(*(naive_ref *)variable);
}

#define LEASH_AUTO __attribute__((cleanup(naive_scope_end)))

#endif
