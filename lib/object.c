/* Birth.
 *
 * The common birth takes a block from the thread's magazine, writes 16 bytes of header and clears the
 * payload.  Everything else (a type's first birth here, an empty magazine, a large block, a tail, a thread
 * without a record) takes the slow path.
 *
 * When memory is short the slow path makes one emergency round before it gives up: what this thread and
 * all others have deferred is subtracted, queued objects are revoked, cycles collected, hooks that wait are waited for briefly, and
 * all stores of free blocks within reach go back to the allocator.
 */
#include <errno.h>
#include <string.h>

#include <leash/count.h>
#include <leash/object.h>

#include "background.h"
#include "census.h"
#include "blocks.h"
#include "collect/collector.h"
#include "deferred.h"
#include "finalizers.h"
#include "heap.h"
#include "probes.h"
#include "revoke.h"
#include "thread.h"
#include "worker.h"

static void write_header(struct leash__header *h, union lsh_half half, uint64_t shared)
{
	lsh_set_half(h, half);
	__atomic_store_n(&h->shared, shared, __ATOMIC_RELAXED);
}

/* Clears a multiple of 16 bytes, as all blocks are. */
static void clear(void *payload, size_t bytes)
{
	char *p = __builtin_assume_aligned(payload, 16), *end = p + bytes;

	if (bytes > 128) {
		memset(p, 0, bytes);
		return;
	}
	for (; p != end; p += 16)
		__builtin_memset(p, 0, 16);
}

static union lsh_half birth_half(const struct lsh_record *record, const struct lsh_type *entry)
{
	union lsh_half half = record->birth;

	half.log = entry->log;
	return half;
}

static void *finish_birth(struct leash__header *h, const struct lsh_type *entry, uint64_t shared)
{
	struct lsh_record *record = lsh_begin();

	LSH_COUNT_KIND(record, births, entry->cyclic);
	write_header(h, birth_half(record, entry), shared | record->birth_shared);
	lsh_end(record);
	if (__builtin_expect(lsh_census_on, 0) && !lsh_census_add(h)) {
		record = lsh_begin();
		LSH_COUNT_KIND(record, frees, entry->cyclic);
		lsh_end(record);
		return NULL;
	}
	return h + 1;
}

/* A block of that many bytes whose payload is clear. */
static struct leash__header *find_block(struct lsh_record *record, size_t bytes, size_t front)
{
	uint8_t i = lsh_magazine_for(bytes);
	struct lsh_magazine *magazine;
	struct leash__header *h;

	if (!record || i == LSH_NO_MAGAZINE)
		return lsh_block_new(i == LSH_NO_MAGAZINE ? bytes : lsh_magazine_bytes(i));
	magazine = &record->magazines.of[i];
	h = lsh_magazine_pop(magazine);
	if (!h && lsh_magazine_refill(record, i))
		h = lsh_magazine_pop(magazine);
	if (h)
		clear((char *)h + front, (bytes - front + 15) & ~(size_t)15);
	return h;
}

static void emergency(struct lsh_record *record)
{
	struct timespec deadline = lsh_from_now(100000000);
	uint64_t began = lsh_now();

	if (record)
		lsh_deferred_flush(record);
	if (record)
		lsh_limbo_empty(record);
	lsh_background_pass(true);
	lsh_collector_hurry(&deadline);
	lsh_finalizers_wait(&deadline);
	if (record)
		lsh_magazines_drain(record);
	lsh_heap_purge();
	lsh_waited_since(began);
}

static void *birth(const leash_type *type, size_t extra, bool has_extra)
{
	struct lsh_record *record = lsh_record();
	const struct lsh_type *entry = lsh_type_find(type);
	size_t front = sizeof(struct leash__header) + (has_extra ? sizeof(struct lsh_prefix) : 0);
	struct leash__header *h;
	size_t bytes;
	void *object;
	int attempt;

	if (!entry)
		return NULL;
	if (extra > UINT32_MAX - entry->size) {
		errno = EINVAL;
		return NULL;
	}
	bytes = front + (has_extra ? entry->size + extra : entry->body);
	lsh_finalizers_throttle();
	lsh_pending_throttle();
	if (record && entry->cyclic)
		lsh_collector_births(record);
	for (attempt = 0; attempt < 2; attempt++) {
		if (attempt)
			emergency(record);
		h = find_block(record, bytes, front);
		if (!h)
			continue;
		if (has_extra) {
			h++;
			lsh_prefix_of(h)->extra = extra;
			lsh_prefix_of(h)->weak = NULL;
		}
		object = finish_birth(h, entry, entry->birth | (has_extra ? LEASH__EXTRA : 0));
		if (object) {
			LSH_PROBE(birth, object, type->name, type->size + extra);
			return object;
		}
		lsh_block_free(has_extra ? h - 1 : h, bytes);
	}
	errno = ENOMEM;
	return NULL;
}

/* Remembers the type for the births to come, unless each of them has to go the slow way. */
static void remember(const leash_type *type)
{
	struct lsh_record *record = lsh_record();
	const struct lsh_type *entry = lsh_type_find(type);

	if (!record || !entry || entry->magazine == LSH_NO_MAGAZINE || lsh_census_on)
		return;
	record->types.slots[lsh_type_hash(type)] = (struct lsh_type_slot){
		.type = type,
		.magazine = &record->magazines.of[entry->magazine],
		.half = birth_half(record, entry),
		.shared = entry->birth | record->birth_shared,
		.births = entry->cyclic ? &record->counters.births_cyclic : &record->counters.births,
		.clear = (entry->body + 15) & ~15u,
	};
}

static __attribute__((noinline)) void *first_birth(const leash_type *type)
{
	void *object = birth(type, 0, false);

	if (object)
		remember(type);
	return object;
}

void *leash_new(const leash_type *type)
{
	struct lsh_record *record = (struct lsh_record *)leash__self;
	struct lsh_type_slot *slot = &record->types.slots[lsh_type_hash(type)];
	struct lsh_magazine *magazine = slot->magazine;
	struct leash__header *h;

	if (__builtin_expect(slot->type != type || !type || !magazine->count, 0))
		return first_birth(type);
	h = lsh_magazine_pop(magazine);
	__atomic_store_n(slot->births, __atomic_load_n(slot->births, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
	write_header(h, slot->half, slot->shared);
	LSH_PROBE_UNASKED(birth, h + 1, type->name, type->size);
	clear(h + 1, slot->clear);
	return h + 1;
}

void *leash_new_extra(const leash_type *type, size_t bytes)
{
	return birth(type, bytes, true);
}

/* Both types have the same fields, and blocks of the same size: all that others may be about to do with the object they do
 * as well by the new one.  Without room for another type, the object stays. */
void leash__unmake(void *object, const leash_type *bare)
{
	struct leash__header *h = leash__header_of(object);
	const struct lsh_type *entry = lsh_type_find(bare);

	if (!entry) {
		leash_immortalize(object);
		return;
	}
	__atomic_fetch_xor(&h->shared, (uint64_t)(lsh_type_of(h) - lsh_types) ^ (uint64_t)(entry - lsh_types),
			   __ATOMIC_ACQ_REL);
	leash_release(object);
}
