/* Blocks from the allocator: see blocks.c. */
#ifndef LSH_BLOCKS_H
#define LSH_BLOCKS_H

#include <stddef.h>
#include <stdint.h>
#include <leash/abi.h>

/* A block of that many bytes, all of them 0. */
void *lsh_block_new(size_t bytes);

/* Asks for up to `number` blocks, whatever is in them; returns how many came. */
size_t lsh_blocks_new(void **blocks, size_t number, size_t bytes);
void lsh_blocks_free(struct leash__header **blocks, size_t number, size_t bytes);

/* What the process has from jemalloc: allocated, active, resident, mapped.  LSH_ABSENT where there is no jemalloc, or one that
 * does not count. */
void lsh_allocator_bytes(uint64_t bytes[4]);

#endif
