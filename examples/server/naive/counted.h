/* The comparator: the calls of <leash/leash.h> that the server uses, as a program without leash would have them.
 *
 * Counting is that of ../../naive.h: one atomic counter an object, inline.  Around it stands what else a server needs, each
 * thing in its usual form, and that as fast as we could make it.
 *
 *   - Both programs have the same allocator, and all other sources.  Nothing of the library is linked.
 *   - Maps (map.c) are hash tables (table.h) under a lock of their own (lock.h), held for one lookup and one increment;
 *     hashes are computed, and values released, outside of it.  Walks copy under the lock, and hold none when they call.
 *   - What loses its last reference dies in the call that drops it, on the same thread.  Nothing waits.
 *   - A slot (slot.h) is its own lock, and an empty one is not locked at all.
 *   - Weak references (weak.h) are counted as std::shared_ptr counts them.  Sets and maps of them take the dead out when
 *     they are full, and grow only if that does not help.
 *
 * Who writes a key takes the lock of its name (keys.h) and in it the map's, where a server of one kind only could do with
 * one lock: an atomic operation more, on a cache line that is needed anyway.
 *
 * What it cannot do: cycles leak; nobody can say why something is alive, or how much is (answers.c).
 *
 * The functions have the prototypes, and do what the comments say, in <leash/stock.h>.  Only what the server calls is here;
 * keys are bytes; and without memory a walk finds nothing.
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
