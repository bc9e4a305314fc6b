/* The logs of suspects.
 *
 * Purpose.  A cycle becomes garbage by an event, and after the event nobody may ever touch it again; so the
 * event must leave a witness.  The rule:
 *
 *      Whenever a decrement is applied and leaves an object alive, and whenever a reference is moved into a field, the
 *      object becomes a suspect.
 *
 * (Moves count because leash_set_take() can close the last loop of a cycle without any decrement.)  Objects
 * of types that cannot be in a cycle never become suspects, and birth alone makes nobody one.
 *
 * Algorithm.  LOGGED in the shared word, set by whoever wins the read-modify-write, says that exactly one
 * entry points to the object, in some log or in one of the collector's lists.  The winner appends the entry
 * to its own thread's log; then follows the event, in the same guard and while its reference is still held:
 * afterwards another thread may already have freed the object, and in two guards a round could read the entry before
 * the event and find the object alive.
 *
 * Invariants.
 * 1. LOGGED  <=>  one entry, from the end of the winner's guard until it is struck out or read.
 * 2. Memory of an object with LOGGED is not reused.  Who destroys one leaves it as a husk: HUSK is set, and LOGGED
 *    cleared, by read-modify-writes; whoever finds the other's done frees the memory.
 * 3. A chunk belongs to its thread inside guards that loaded the pointer; who exchanges the pointer owns the
 *    chunk one op-grace later.
 * 4. An object that its own thread logged has its place in its header; the place is right if the entry points back.
 *    So a temporary object is struck out when it dies, and its memory is free at once.
 *
 * A log that is full goes to a list of full ones.  Appending cannot fail for want of memory: a thread's record comes
 * with a chunk; the room is made before the guard, from the pool of those that were read or from a spare
 * one if need be; and when there is not even that, the thread waits for memory.  Chunks are small: most
 * logs are.
 *
 * Progress: appending is wait-free but for the making of room.
 */
#include <stdlib.h>
#include <time.h>

#include "../heap.h"
#include "../points.h"
#include "../thread.h"
#include "append.h"
#include "collector.h"
#include "suspects.h"

/* Chunks that no thread appends to any more; pushed by anyone, taken as a whole. */
static struct lsh_chunk *full;
static size_t full_count;

/* Empty ones, for when there is no memory. */
#define POOL_MAX 64
static struct lsh_lock pool_lock = LSH_LOCK_INIT(LSH_RANK_CHUNKS);
static struct lsh_chunk *pool;
static unsigned pool_count;

struct lsh_chunk lsh_first_chunk;

static void give_back(struct lsh_chunk *chunk)
{
	if (chunk != &lsh_first_chunk)
		free(chunk);
}

static void push(struct lsh_chunk *chunk)
{
	chunk->next = __atomic_load_n(&full, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&full, &chunk->next, chunk, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	__atomic_fetch_add(&full_count, 1, __ATOMIC_RELAXED);
}

struct lsh_chunk *lsh_chunk_new(void)
{
	struct lsh_chunk *chunk;

	lsh_lock(&pool_lock);
	chunk = pool;
	if (chunk) {
		pool = chunk->next;
		pool_count--;
	}
	lsh_unlock(&pool_lock);
	if (!chunk && !LSH_ALLOCATION_FAILS)
		chunk = malloc(sizeof(*chunk));
	if (chunk) {
		chunk->count = 0;
		chunk->next = NULL;
	}
	return chunk;
}

static void chunk_free(struct lsh_chunk *chunk)
{
	bool room;

	lsh_lock(&pool_lock);
	room = pool_count < POOL_MAX;
	if (room) {
		chunk->next = pool;
		pool = chunk;
		pool_count++;
	}
	lsh_unlock(&pool_lock);
	if (!room)
		give_back(chunk);
}

bool lsh_log_start(struct lsh_record *record)
{
	record->log.chunk = lsh_chunk_new();
	return record->log.chunk != NULL;
}

/* One of the chunks that were given back unread, if it has room still. */
static struct lsh_chunk *reuse(void)
{
	struct lsh_chunk *all = __atomic_exchange_n(&full, NULL, __ATOMIC_ACQUIRE), *found = NULL;

	__atomic_store_n(&full_count, 0, __ATOMIC_RELAXED);
	while (all) {
		struct lsh_chunk *next = all->next;

		if (!found && lsh_chunk_count(all) + LSH_LOG_ROOM <= LSH_CHUNK)
			found = all;
		else
			push(all);
		all = next;
	}
	return found;
}

static struct lsh_chunk *find_room(struct lsh_record *record)
{
	struct lsh_chunk *chunk;

	while (!(chunk = lsh_chunk_new())) {
		chunk = record->log.spare;
		record->log.spare = NULL;
		if (!chunk)
			chunk = reuse();
		if (chunk)
			return chunk;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (!record->log.spare)
		record->log.spare = lsh_chunk_new();
	return chunk;
}

void lsh_log_reserve(struct lsh_record *record)
{
	struct lsh_chunk *chunk;

	if (lsh_is_guest(record))
		lsh_guest_lock();
	chunk = find_room(record);
	LSH_POINT("log: new chunk");
	chunk = __atomic_exchange_n(&record->log.chunk, chunk, __ATOMIC_ACQ_REL);
	if (lsh_is_guest(record))
		lsh_guest_unlock();
	if (chunk) {
		push(chunk);
		lsh_collector_poke();
	}
}

struct lsh_record *lsh_begin_with(const struct leash__header *h)
{
	struct lsh_record *record = lsh_begin();

	if (!lsh_is_cyclic(h))
		return record;
	while (!lsh_log_open(record)) {
		lsh_end(record);
		lsh_log_reserve(record);
		record = lsh_begin();
	}
	return record;
}

bool lsh_strike_entry(struct lsh_record *record, const struct leash__header *h)
{
	struct lsh_chunk *chunk = __atomic_load_n(&record->log.chunk, __ATOMIC_ACQUIRE);
	uint32_t i = h->log >> LSH_LOG_SHIFT, count;

	if (!chunk)
		return false;
	count = lsh_chunk_count(chunk);
	if (i >= count || __atomic_load_n(&chunk->entries[i], __ATOMIC_RELAXED) != h)
		return false;
	__atomic_store_n(&chunk->entries[i], NULL, __ATOMIC_RELAXED);
	while (count && !__atomic_load_n(&chunk->entries[count - 1], __ATOMIC_RELAXED))
		count--;
	__atomic_store_n(&chunk->count, count, __ATOMIC_RELEASE);
	return true;
}

void lsh_strike(struct lsh_record *record, struct leash__header *h)
{
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__LOGGED && lsh_strike_entry(record, h))
		__atomic_fetch_and(&h->shared, ~LEASH__LOGGED, __ATOMIC_RELAXED);
}

bool lsh_log_any(const struct lsh_record *record)
{
	const struct lsh_chunk *chunk = __atomic_load_n(&record->log.chunk, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&full, __ATOMIC_RELAXED) || (chunk && lsh_chunk_count(chunk));
}

struct lsh_chunk *lsh_logs_take(void)
{
	struct lsh_chunk *all = __atomic_exchange_n(&full, NULL, __ATOMIC_ACQUIRE);
	struct lsh_record *record;

	__atomic_store_n(&full_count, 0, __ATOMIC_RELAXED);
	lsh_lock(&lsh_registry);
	for (record = lsh_records(); record; record = record->next) {
		struct lsh_chunk *chunk = __atomic_load_n(&record->log.chunk, __ATOMIC_ACQUIRE);

		if (!chunk || !lsh_chunk_count(chunk))
			continue;
		chunk = __atomic_exchange_n(&record->log.chunk, NULL, __ATOMIC_ACQ_REL);
		if (chunk) {
			chunk->next = all;
			all = chunk;
		}
	}
	lsh_unlock(&lsh_registry);
	LSH_POINT("log: taken");
	return all;
}

void lsh_logs_return(struct lsh_chunk *chunks)
{
	while (chunks) {
		struct lsh_chunk *next = chunks->next;

		push(chunks);
		chunks = next;
	}
}

void lsh_chunks_free(struct lsh_chunk *chunks)
{
	while (chunks) {
		struct lsh_chunk *next = chunks->next;

		chunk_free(chunks);
		chunks = next;
	}
}

size_t lsh_logs_count(void)
{
	return (__atomic_load_n(&full, __ATOMIC_ACQUIRE) ? LSH_CHUNK : 0) + lsh_logs_open();
}

size_t lsh_logs_open(void)
{
	const struct lsh_chunk *chunk;
	struct lsh_record *record;
	size_t count = 0;

	/* A chunk that leaves its record meanwhile is not freed before an op-grace, which wants the lock. */
	lsh_lock(&lsh_registry);
	for (record = lsh_records(); record; record = record->next) {
		/* Its thread may be about to free an empty one, never one that it has published. */
		chunk = __atomic_load_n(&record->log.chunk, __ATOMIC_ACQUIRE);
		if (chunk)
			count += lsh_chunk_count(chunk);
	}
	lsh_unlock(&lsh_registry);
	return count;
}

size_t lsh_logs_length(void)
{
	return __atomic_load_n(&full_count, __ATOMIC_RELAXED) * LSH_CHUNK;
}

void lsh_log_leave(struct lsh_record *record)
{
	struct lsh_chunk *chunk = __atomic_exchange_n(&record->log.chunk, NULL, __ATOMIC_ACQ_REL);

	if (chunk && lsh_chunk_count(chunk))
		push(chunk);
	else if (chunk)
		chunk_free(chunk);
	if (record->log.spare)
		chunk_free(record->log.spare);
	record->log.spare = NULL;
}

void lsh_logs_purge(void)
{
	struct lsh_chunk *chunk, *next;

	lsh_lock(&pool_lock);
	chunk = pool;
	pool = NULL;
	pool_count = 0;
	lsh_unlock(&pool_lock);
	for (; chunk; chunk = next) {
		next = chunk->next;
		give_back(chunk);
	}
}

void lsh_logs_lock(void)
{
	pthread_mutex_lock(&pool_lock.mutex);
}

void lsh_logs_unlock(void)
{
	pthread_mutex_unlock(&pool_lock.mutex);
}
