/* Memory of objects: magazines, the depot, jemalloc; and memory that is kept for a while.
 *
 * Purpose.  A birth and a death should cost less than a malloc and a free, and blocks must flow back
 * from threads that mostly free to threads that mostly allocate.
 *
 * Structure, as in the vmem allocator (Bonwick and Adams, Magazines and Vmem, 2001):
 *
 *      thread's magazine  <->  depot of batches, one lock  <->  jemalloc, in batches
 *
 * A magazine is a stack of pointers to free blocks of one size, up to LIMIT_BYTES of them.  It starts small
 * and doubles when it is full, so that a thread that makes few objects keeps few blocks; at its limit half of it
 * goes to the depot as one batch.  An empty one takes a batch from there, or asks jemalloc for one.  The
 * depot is bounded; what it cannot hold goes back to jemalloc.
 *
 * With LEASH_OPTIONS=magazines:false, which is the default where a memory checker watches, every block is a malloc of its own.
 *
 * Keeping.  A revocation, and a round of the collector, read the fields of objects that other threads use and bury
 * meanwhile.  Each publishes that (lsh_detour) and waits an op-grace first; whoever frees an object asks for it inside a
 * guard.  So an object whose memory goes while the revoker reads had been unreachable before the op-grace ended:
 *
 * 1. the free saw no keeping  =>  its guard began before the op-grace ended  =>  all that led to the object was gone
 *    when the revoker began to read;
 * 2. otherwise the block goes to the list of the kept, header intact (dead), until lsh_keep_end().
 *
 * A dead object that a log of suspects still points to is a husk (collect/suspects.c): it goes to the same list, by
 * the hand of whoever reads the log.  What waits would look alive to a memory checker, so its payload is forbidden when only
 * headers will be read: of a husk that need not be kept (1 holds, and who finds it in the log after the op-grace finds it
 * dead), in limbo, and of the kept without references, unless users' code is shown objects (see/neighbours.c).  Of others, who
 * found them alive may be about to visit the fields.
 *
 * Progress: lock-free but for the depot's lock and what malloc does, once in many births and deaths.
 */
#include <stdlib.h>
#include <string.h>

#include "blocks.h"
#include "heap.h"
#include "limbo.h"
#include "lock.h"
#include "options.h"
#include "points.h"
#include "thread.h"

#define LIMIT_BYTES  65536u
#define SMALLEST     16u
#define DEPOT_BYTES  (8u << 20) /* of all sizes together */

/* jemalloc's size classes, so that no block wastes what the next class would use. */
static const uint16_t block_bytes[LSH_MAGAZINES] = {
	16,  32,  48,  64,  80,	 96,  112, 128, 160, 192,
	224, 256, 320, 384, 448, 512, 640, 768, 896, 1024,
};

struct lsh_blocks {
	struct lsh_blocks *next;
	uint32_t count;
	struct leash__header *blocks[];
};

static struct lsh_lock lock = LSH_LOCK_INIT(LSH_RANK_DEPOT);
static struct lsh_blocks *depots[LSH_MAGAZINES]; /* also looked at without the lock */
static size_t depot_bytes;

static unsigned keepers;           /* written under the lock */
static unsigned onlookers;         /* users' code that is shown objects meanwhile */
static struct leash__header *kept; /* pushed by anyone, taken as a whole */
static struct lsh_blocks *kept_blocks[LSH_MAGAZINES]; /* the same, in batches; under the lock */
static size_t kept_bytes;          /* since the first of the keepers began */
static size_t husks, husk_bytes;

static uint32_t limit_of(uint8_t magazine)
{
	return LIMIT_BYTES / block_bytes[magazine];
}

bool lsh_heap_is_plain(void)
{
#ifdef LEASH_SANITIZED
	return true;
#else
	return !lsh_options()->magazines;
#endif
}

uint8_t lsh_magazine_for(size_t bytes)
{
	uint8_t i = 0;

	if (bytes > LSH_BLOCK_MAX || lsh_heap_is_plain())
		return LSH_NO_MAGAZINE;
	while (block_bytes[i] < bytes)
		i++;
	return i;
}

static struct lsh_blocks *depot_take(uint8_t i)
{
	struct lsh_blocks *batch;

	if (!__atomic_load_n(&depots[i], __ATOMIC_RELAXED))
		return NULL;
	lsh_lock(&lock);
	batch = depots[i];
	if (batch) {
		__atomic_store_n(&depots[i], batch->next, __ATOMIC_RELAXED);
		depot_bytes -= (size_t)batch->count * block_bytes[i];
	}
	lsh_unlock(&lock);
	return batch;
}

static void depot_give(uint8_t i, struct lsh_blocks *batch)
{
	bool room;

	lsh_lock(&lock);
	room = depot_bytes < DEPOT_BYTES;
	if (room) {
		depot_bytes += (size_t)batch->count * block_bytes[i];
		batch->next = depots[i];
		__atomic_store_n(&depots[i], batch, __ATOMIC_RELAXED);
	}
	lsh_unlock(&lock);
	if (!room) {
		lsh_blocks_free(batch->blocks, batch->count, block_bytes[i]);
		free(batch);
	}
}

/* A batch is half a magazine at most. */
static uint32_t batch_limit(uint8_t i)
{
	return (limit_of(i) + 1) / 2;
}

static struct lsh_blocks *blocks_new(uint32_t number)
{
	struct lsh_blocks *batch =
		LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*batch) + number * sizeof(*batch->blocks));

	if (batch)
		*batch = (struct lsh_blocks){ .next = NULL };
	return batch;
}

/* Doubles the magazine, up to its share. */
static bool grow(struct lsh_magazine *magazine, uint8_t i)
{
	uint32_t limit = limit_of(i);
	uint32_t capacity = magazine->capacity ? magazine->capacity * 2 : SMALLEST;
	struct leash__header **blocks;

	if (capacity > limit)
		capacity = limit;
	if (capacity <= magazine->capacity || LSH_ALLOCATION_FAILS)
		return false;
	blocks = realloc(magazine->blocks, capacity * sizeof(*blocks));
	if (!blocks)
		return false;
	magazine->blocks = blocks;
	magazine->capacity = capacity;
	return true;
}

bool lsh_magazine_refill(struct lsh_record *record, uint8_t i)
{
	struct lsh_magazine *magazine = &record->magazines.of[i];
	struct lsh_blocks *batch;
	uint32_t number, k;

	if (magazine->capacity < limit_of(i) && !grow(magazine, i) && !magazine->capacity)
		return false;
	batch = depot_take(i);
	if (batch) {
		while (magazine->capacity < batch->count && grow(magazine, i))
			;
		number = batch->count < magazine->capacity ? batch->count : magazine->capacity;
		memcpy(magazine->blocks, batch->blocks, number * sizeof(*batch->blocks));
		lsh_blocks_free(batch->blocks + number, batch->count - number, block_bytes[i]);
		free(batch);
		magazine->count = number;
		return true;
	}

	/* Half of what fits, so that a burst of deaths finds room. */
	number = (uint32_t)lsh_blocks_new((void **)magazine->blocks, magazine->capacity / 2, block_bytes[i]);
	for (k = 0; k < number; k++) {
		struct leash__header *h = magazine->blocks[k];

		h->shared = LEASH__DEAD | LEASH__MERGED;
		h->owner = LEASH__NOBODY;
	}
	/* The first last, so that blocks leave in the order in which they lie in memory. */
	for (k = 0; k < number / 2; k++) {
		struct leash__header *h = magazine->blocks[k];

		magazine->blocks[k] = magazine->blocks[number - 1 - k];
		magazine->blocks[number - 1 - k] = h;
	}
	magazine->count = number;
	return number > 0;
}

/* Gives half of a full magazine to the depot. */
static void spill(struct lsh_magazine *magazine, uint8_t i)
{
	uint32_t number = (magazine->count + 1) / 2;
	struct lsh_blocks *batch = blocks_new(number);

	magazine->count -= number;
	if (batch) {
		batch->count = number;
		memcpy(batch->blocks, magazine->blocks + magazine->count,
		       number * sizeof(*batch->blocks));
		depot_give(i, batch);
		return;
	}
	lsh_blocks_free(magazine->blocks + magazine->count, number, block_bytes[i]);
}

size_t lsh_magazine_bytes(uint8_t i)
{
	return block_bytes[i];
}

void lsh_block_free(void *block, size_t bytes)
{
	uint8_t i = lsh_magazine_for(bytes);
	struct leash__header *h = block;

	lsh_blocks_free(&h, 1, i == LSH_NO_MAGAZINE ? bytes : block_bytes[i]);
}

/* Pushes a chain of them. */
static void push_chain(struct leash__header *first, struct leash__header *last)
{
	struct leash__header *top = __atomic_load_n(&kept, __ATOMIC_RELAXED);

	do
		lsh_set_link(last, top);
	while (!__atomic_compare_exchange_n(&kept, &top, first, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
}

static void push_kept(struct leash__header *h)
{
	push_chain(h, h);
}

static void keep(struct leash__header *h)
{
	/* First: once it is pushed somebody may free it. */
	__atomic_fetch_add(&kept_bytes, lsh_block_bytes(h), __ATOMIC_RELAXED);
	push_kept(h);
}

struct lsh_block lsh_block_of(struct leash__header *h)
{
	struct lsh_block block = { .begin = h, .bytes = lsh_block_bytes(h) };

	if (!(__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__EXTRA)) {
		block.magazine = lsh_type_of(h)->magazine;
		return block;
	}
	block.magazine = lsh_magazine_for(block.bytes);
	block.begin--;
	block.begin->shared = LEASH__DEAD | LEASH__MERGED;
	block.begin->owner = LEASH__NOBODY;
	return block;
}

/* Whether a log still points to the object: its reader will free it, if it has not read it already. */
static bool leave_husk(struct leash__header *h, bool unread)
{
	size_t bytes;

	/* Acquire: where the reader has cleared it, that was its last access. */
	if (!(__atomic_load_n(&h->shared, __ATOMIC_ACQUIRE) & LEASH__LOGGED))
		return false;
	bytes = lsh_block_bytes(h);
	__atomic_fetch_add(&husks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&husk_bytes, bytes, __ATOMIC_RELAXED);
	/* Now: as a husk somebody else may free it. */
	if (unread)
		lsh_payload_forbid(h);
	LSH_POINT("heap: husk");
	if (__atomic_fetch_or(&h->shared, LEASH__HUSK, __ATOMIC_ACQ_REL) & LEASH__LOGGED)
		return true;
	__atomic_fetch_sub(&husks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&husk_bytes, bytes, __ATOMIC_RELAXED);
	return false;
}

struct leash__header *lsh_free_in_guard(struct lsh_record *record, struct leash__header *h)
{
	bool keeping = __atomic_load_n(&lsh_detour.keeping, __ATOMIC_ACQUIRE);

	LSH_COUNT_KIND(record, frees, lsh_type_of(h)->cyclic);
	if (__builtin_expect(leave_husk(h, !keeping), 0))
		return NULL;
	if (__builtin_expect(keeping, 0)) {
		LSH_POINT("heap: keep");
		if (!lsh_type_of(h)->references && !__atomic_load_n(&onlookers, __ATOMIC_RELAXED))
			lsh_payload_forbid(h);
		keep(h);
		return NULL;
	}
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & (LEASH__EXTRA | LEASH__WEAK | LEASH__PUBLISHED))
		return h;
	return lsh_magazine_push(&record->magazines.of[lsh_type_of(h)->magazine], h) ? NULL : h;
}

void lsh_free_after(struct lsh_record *record, struct leash__header *h)
{
	if (!h)
		return;
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & (LEASH__WEAK | LEASH__PUBLISHED))
		lsh_limbo_add(h);
	else
		lsh_block_release(record, h);
}

void lsh_block_put(struct lsh_record *record, const struct lsh_block *block)
{
	struct lsh_magazine *magazine;
	uint8_t i = block->magazine;

	if (i == LSH_NO_MAGAZINE || !record || lsh_is_guest(record)) {
		lsh_block_free(block->begin, block->bytes);
		return;
	}
	magazine = &record->magazines.of[i];
	if (lsh_magazine_push(magazine, block->begin))
		return;
	if (!grow(magazine, i)) {
		if (!magazine->capacity) {
			lsh_block_free(block->begin, block->bytes);
			return;
		}
		spill(magazine, i);
	}
	lsh_magazine_push(magazine, block->begin);
}

void lsh_block_release(struct lsh_record *record, struct leash__header *h)
{
	struct lsh_block block = lsh_block_of(h);

	lsh_block_put(record, &block);
}

void lsh_husk_free(struct leash__header *h)
{
	__atomic_fetch_sub(&husks, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&husk_bytes, lsh_block_bytes(h), __ATOMIC_RELAXED);
	push_kept(h);
}

/* Room for one more in the batch of that size. */
static struct lsh_blocks *room_in(struct lsh_batch *batch, uint8_t i)
{
	struct lsh_blocks *blocks = batch->blocks[i];

	if (blocks && blocks->count < batch_limit(i))
		return blocks;
	blocks = blocks_new(batch_limit(i));
	if (blocks) {
		blocks->next = batch->blocks[i];
		batch->blocks[i] = blocks;
	}
	return blocks;
}

void lsh_batch_add(struct lsh_batch *batch, struct leash__header *h)
{
	bool has_extra = __atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__EXTRA;
	uint8_t i = has_extra ? LSH_NO_MAGAZINE : lsh_type_of(h)->magazine;
	struct lsh_blocks *blocks;

	batch->count++;
	/* Garbage, severed: no field leads to it, and it has left the census.  Only who keeps already may have found it. */
	if (leave_husk(h, __atomic_load_n(&keepers, __ATOMIC_RELAXED) == 1))
		return;
	blocks = i == LSH_NO_MAGAZINE ? NULL : room_in(batch, i);
	if (blocks) {
		blocks->blocks[blocks->count++] = h;
		return;
	}
	lsh_set_link(h, batch->first);
	batch->first = h;
	if (!batch->last)
		batch->last = h;
}

/* Adds what there is of one size to what is kept, or frees it if nobody wants it kept. */
static void keep_blocks(uint8_t i, struct lsh_blocks *blocks)
{
	struct lsh_blocks *next;
	bool keep;

	for (; blocks; blocks = next) {
		next = blocks->next;
		lsh_lock(&lock);
		keep = keepers != 0;
		if (keep) {
			blocks->next = kept_blocks[i];
			kept_blocks[i] = blocks;
		}
		lsh_unlock(&lock);
		if (!keep)
			depot_give(i, blocks);
	}
}

void lsh_batch_free(struct lsh_batch *batch)
{
	struct lsh_record *record = lsh_begin();
	uint8_t i;

	LSH_COUNT_N(record, frees_cyclic, batch->count);
	lsh_end(record);
	for (i = 0; i < LSH_MAGAZINES; i++)
		keep_blocks(i, batch->blocks[i]);
	if (batch->first)
		push_chain(batch->first, batch->last);
}

size_t lsh_husks(void)
{
	return __atomic_load_n(&husks, __ATOMIC_RELAXED);
}

size_t lsh_husk_bytes(void)
{
	return __atomic_load_n(&husk_bytes, __ATOMIC_RELAXED);
}

void lsh_keep_start(void)
{
	lsh_lock(&lock);
	if (__atomic_fetch_add(&keepers, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&kept_bytes, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lsh_detour.keeping, true, __ATOMIC_RELAXED);
	lsh_unlock(&lock);
}

void lsh_keep_begin(void)
{
	lsh_keep_start();
	lsh_op_grace();
}

void lsh_keep_shown_begin(void)
{
	/* First: who is seen to keep is known to show. */
	__atomic_fetch_add(&onlookers, 1, __ATOMIC_RELAXED);
	lsh_keep_begin();
}

void lsh_keep_shown_end(void)
{
	lsh_keep_end();
	__atomic_fetch_sub(&onlookers, 1, __ATOMIC_RELAXED);
}

void lsh_keep_end(void)
{
	lsh_lock(&lock);
	if (__atomic_sub_fetch(&keepers, 1, __ATOMIC_RELAXED) == 0)
		__atomic_store_n(&lsh_detour.keeping, false, __ATOMIC_RELEASE);
	lsh_unlock(&lock);
	LSH_POINT("heap: keep no more");
	lsh_kept_free();
}

void lsh_kept_free(void)
{
	struct leash__header *h = NULL, *next;
	struct lsh_record *record;
	struct lsh_blocks *blocks[LSH_MAGAZINES] = { NULL };
	uint8_t i;

	/* Free what is kept now; a thread that is about to keep one more is heard next time. */
	lsh_lock(&lock);
	if (keepers == 0) {
		h = __atomic_exchange_n(&kept, NULL, __ATOMIC_ACQUIRE);
		memcpy(blocks, kept_blocks, sizeof(blocks));
		memset(kept_blocks, 0, sizeof(kept_blocks));
	}
	lsh_unlock(&lock);
	for (i = 0; i < LSH_MAGAZINES; i++)
		keep_blocks(i, blocks[i]);
	record = h ? lsh_record() : NULL;
	for (; h; h = next) {
		next = lsh_link(h);
		__builtin_prefetch(next, 1);
		lsh_free_after(record, h);
	}
}

bool lsh_kept_any(void)
{
	return __atomic_load_n(&kept, __ATOMIC_RELAXED) != NULL &&
	       !__atomic_load_n(&lsh_detour.keeping, __ATOMIC_RELAXED);
}

size_t lsh_depot_bytes(void)
{
	size_t bytes;

	lsh_lock(&lock);
	bytes = depot_bytes;
	lsh_unlock(&lock);
	return bytes;
}

size_t lsh_kept_bytes(void)
{
	return __atomic_load_n(&kept_bytes, __ATOMIC_RELAXED);
}

void lsh_magazines_drain(struct lsh_record *record)
{
	uint8_t i;

	for (i = 0; i < LSH_MAGAZINES; i++) {
		struct lsh_magazine *magazine = &record->magazines.of[i];

		lsh_blocks_free(magazine->blocks, magazine->count, block_bytes[i]);
		free(magazine->blocks);
		*magazine = (struct lsh_magazine){ .blocks = NULL };
	}
}

void lsh_heap_purge(void)
{
	struct lsh_blocks *batch;
	uint8_t i;

	for (i = 0; i < LSH_MAGAZINES; i++) {
		while ((batch = depot_take(i)) != NULL) {
			lsh_blocks_free(batch->blocks, batch->count, block_bytes[i]);
			free(batch);
		}
	}
}

void lsh_heap_lock(void)
{
	pthread_mutex_lock(&lock.mutex);
}

void lsh_heap_unlock(void)
{
	pthread_mutex_unlock(&lock.mutex);
}
