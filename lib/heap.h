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

/* The header's log word: a magazine below, what belongs to the collector above. */
#define LSH_LOG_MAGAZINE 0x1fu
#define LSH_LOG_NONE     0xffe0u

struct lsh_magazines {
	struct lsh_magazine of[LSH_MAGAZINES + 1];
};

/* A dead object points to the next one by halves: the upper one where its count was, the
 * lower one where its local count was.  Owner and flags stay those of a dead object. */
static inline struct leash__header *lsh_link(const struct leash__header *h)
{
	return (struct leash__header *)(uintptr_t)(
		(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & ~UINT64_C(0xffffffff)) |
		__atomic_load_n(&h->local, __ATOMIC_RELAXED));
}

static inline void lsh_set_link(struct leash__header *h, const struct leash__header *next)
{
	uint64_t bits = (uint64_t)(uintptr_t)next;
	uint64_t shared = __atomic_load_n(&h->shared, __ATOMIC_RELAXED);

	__atomic_store_n(&h->shared, (shared & UINT64_C(0xffffffff)) | (bits & ~UINT64_C(0xffffffff)),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&h->local, (uint32_t)bits, __ATOMIC_RELAXED);
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

/* True while freed objects must be kept.  In a guard. */
extern bool lsh_keeping LSH_HIDDEN;

/* Fills the magazine.  False when there is no memory.  Outside guards; record may not be a guest. */
bool lsh_magazine_refill(struct lsh_record *record, uint8_t magazine);

/* A block of that many bytes for which no magazine is to be used.  All its bytes are 0. */
void *lsh_block_new(size_t bytes);

/* Frees a block of that size, wherever it came from. */
void lsh_block_free(void *block, size_t bytes);

/* Frees the block of an object that nobody can find any more: lsh_free_in_guard() under the guard of
 * `record`, then lsh_free_after() outside it with what that returned. */
struct leash__header *lsh_free_in_guard(struct lsh_record *record, struct leash__header *h);
void lsh_free_after(struct lsh_record *record, struct leash__header *h);

/* The memory of objects that die from now on is kept, by the end of an op-grace at the latest, until
 * lsh_keep_end().  One caller at a time; free blocks are not reused while it lasts only if they were
 * objects when it began. */
void lsh_keep_begin(void);
void lsh_keep_end(void);
bool lsh_kept_any(void);

/* Gives all blocks of the thread's magazines back. */
void lsh_magazines_drain(struct lsh_record *record);

/* Returns what jemalloc holds for nobody, when memory is short. */
void lsh_heap_purge(void);

/* True while blocks come from malloc one by one, so that memory checkers see them. */
bool lsh_heap_is_plain(void);

void lsh_heap_lock(void);
void lsh_heap_unlock(void);

#endif
