/* Memory of objects: see heap.c. */
#ifndef LSH_HEAP_H
#define LSH_HEAP_H

#include <stdbool.h>
#include <stdint.h>
#include <leash/abi.h>
#include "track.h"

struct lsh_record;

/* Free blocks of one size.  Their headers stay those of dead objects: whoever still holds a pointer
 * to a freed object finds it dead. */
struct lsh_magazine {
	struct leash__header **blocks;
	uint32_t count;
	uint32_t capacity; /* of `blocks`; grows with use, up to the magazine's share */
};

#define LSH_MAGAZINES   20
#define LSH_NO_MAGAZINE LSH_MAGAZINES /* stands for one that holds nothing */
#define LSH_BLOCK_MAX   1024

/* The header's log word: a magazine below, and above the place in a log. */
#define LSH_LOG_MAGAZINE 0x1fu
#define LSH_LOG_SHIFT    5

struct lsh_magazines {
	struct lsh_magazine of[LSH_MAGAZINES + 1];
};

/* A dead object points to the next one from where its local count was, and its place in a log: 47 bits, of an
 * address that is a multiple of 16.  Bit 0 stays 0: the collector, which may take the object for a live one
 * still, clears that one and no other.  The shared word and the owner stay those of a dead object. */
static inline struct leash__header *lsh_link(const struct leash__header *h)
{
	uint64_t low = __atomic_load_n(&h->local, __ATOMIC_RELAXED) >> 1;

	return (struct leash__header *)(uintptr_t)(
		(low | (uint64_t)__atomic_load_n(&h->log, __ATOMIC_RELAXED) << 31) << 4);
}

static inline void lsh_set_link(struct leash__header *h, const struct leash__header *next)
{
	uint64_t bits = (uint64_t)(uintptr_t)next >> 4;

	__atomic_store_n(&h->local, (uint32_t)bits << 1, __ATOMIC_RELAXED);
	__atomic_store_n(&h->log, (uint16_t)(bits >> 31), __ATOMIC_RELAXED);
}

/* The magazine for blocks of that many bytes (at most LSH_BLOCK_MAX), header included. */
uint8_t lsh_magazine_for(size_t bytes);

/* The size of that magazine's blocks. */
size_t lsh_magazine_bytes(uint8_t magazine);

/* A block from the magazine, NULL when it is empty. */
static inline struct leash__header *lsh_magazine_pop(struct lsh_magazine *magazine)
{
	return magazine->count ? magazine->blocks[--magazine->count] : NULL;
}

/* Puts a free block into the magazine; false when it is full. */
static inline bool lsh_magazine_push(struct lsh_magazine *magazine, struct leash__header *block)
{
	if (__builtin_expect(magazine->count == magazine->capacity, 0))
		return false;
	magazine->blocks[magazine->count++] = block;
	return true;
}

/* What keeps a death from its short cut, in one word that it asks for in its guard: somebody listens (probes.h), or freed
 * objects must be kept. */
union lsh_detour {
	struct {
		unsigned short listeners;
		bool keeping;
	};
	uint32_t any;
};
extern union lsh_detour lsh_detour LSH_HIDDEN;

/* Fills the magazine.  False when there is no memory.  Outside guards; record may not be a guest. */
bool lsh_magazine_refill(struct lsh_record *record, uint8_t magazine);

/* Frees a block of that size, wherever it came from. */
void lsh_block_free(void *block, size_t bytes);

/* Frees the block of an object that nobody can find any more: lsh_free_in_guard() under the guard of
 * `record`, then lsh_free_after() outside it with what that returned. */
struct leash__header *lsh_free_in_guard(struct lsh_record *record, struct leash__header *h);
void lsh_free_after(struct lsh_record *record, struct leash__header *h);

/* The block of an object that no load can find any more either; the record may be NULL. */
void lsh_block_release(struct lsh_record *record, struct leash__header *h);

/* The same in two steps, of which the second does not look at the block.  In between the header says that it is dead. */
struct lsh_block {
	struct leash__header *begin;
	size_t bytes;
	uint8_t magazine;
};
struct lsh_block lsh_block_of(struct leash__header *h);
void lsh_block_put(struct lsh_record *record, const struct lsh_block *block);

/* The memory of objects that die from now on is kept, by the end of an op-grace at the latest (which
 * lsh_keep_begin() waits for), until lsh_keep_end() has been called as often.  Free blocks are not reused while it
 * lasts only if they were objects when it began. */
void lsh_keep_start(void);
void lsh_keep_begin(void);
void lsh_keep_end(void);

/* The same around callbacks that are shown objects, and may read all of them. */
void lsh_keep_shown_begin(void);
void lsh_keep_shown_end(void);

/* Whether memory has been kept that nobody wants kept any more, and its freeing; and how many bytes have been
 * kept since the keeping began. */
bool lsh_kept_any(void);
void lsh_kept_free(void);
size_t lsh_kept_bytes(void);

/* Free blocks between threads. */
size_t lsh_depot_bytes(void);

/* Many dead objects of cyclic types that are freed at once, while their memory is kept.  Zero-initialised: empty. */
struct lsh_batch {
	struct lsh_blocks *blocks[LSH_MAGAZINES];
	struct leash__header *first, *last; /* those for which there is no magazine */
	uint64_t count;
};
void lsh_batch_add(struct lsh_batch *batch, struct leash__header *h);
void lsh_batch_free(struct lsh_batch *batch);

/* For the reader of a log who has found HUSK set: the memory is its to free, while it keeps; and how many objects
 * are in that state, and their bytes. */
void lsh_husk_free(struct leash__header *h);
size_t lsh_husks(void);
size_t lsh_husk_bytes(void);
#define LSH_HUSK_BYTES_MAX (UINT32_C(1) << 23) /* more, and the collector is woken */

/* Gives all blocks of the thread's magazines back. */
void lsh_magazines_drain(struct lsh_record *record);

/* Returns what jemalloc holds for nobody, when memory is short. */
void lsh_heap_purge(void);

/* True while blocks come from malloc one by one, so that memory checkers see them. */
bool lsh_heap_is_plain(void);

void lsh_heap_lock(void);
void lsh_heap_unlock(void);

#endif
