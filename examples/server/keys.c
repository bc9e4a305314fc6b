/* The keyspace: names, and the values they lead to.
 *
 * It is split into parts by a hash of the name, each a map of its own.  Reading is a lookup in one of the maps and takes no
 * lock.  Each part has a lock for those who read a value and then write it, and every client that writes is one of them: else
 * a SET in the midst of an INCR would be lost.  Parts share locks, so few of them that a thread may hold all; who
 * needs several takes them in their order, so that no two wait for each other.
 *
 * Walks go from part to part, and so can be continued: what is in a part during the whole of its walk is found, and a name
 * never changes its part.
 *
 * What has expired is not there for anybody who asks.  It is removed by him, or by turns; without the lock, but only if the name
 * still leads to that value.  Before, the value is marked, so that EXPIRE cannot give it more time when it is about to go.
 *
 * Eviction.  Values know the second they were last asked for.  Parts are walked by turns until enough names have been seen,
 * and the oldest of these are kept as candidates, which are evicted one by one, unless they have been asked for since; then come
 * the next.  This takes no lock of a part either: a client that is about to write will have done so before, or after.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys.h"

#define PARTS      KEYS_PARTS
#define LOCKS      32 /* at most: see keys_locks_of() */
#define SEEN       64 /* names, for candidates, at least */
#define CANDIDATES 16
#define BY_TURNS   (PARTS / 32) /* parts looked at for what has expired, each time */

struct part {
	leash_map *map;
	pthread_mutex_t *lock; /* protects the order of reads and writes; the map's own are safe */
};

static struct part parts[PARTS];
static struct {
	pthread_mutex_t lock;
} __attribute__((aligned(64))) locks[LOCKS];
static uint32_t now_seconds; /* atomic */

struct candidate {
	uint32_t used;
	size_t length;
	char *name;
};

/* The oldest is the last. */
static struct candidate candidates[CANDIDATES];
static size_t candidates_number;
static pthread_mutex_t candidates_lock = PTHREAD_MUTEX_INITIALIZER;

int64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME_COARSE, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool keys_start(void)
{
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&locks[i].lock, NULL);
	for (int i = 0; i < PARTS; i++) {
		parts[i].lock = &locks[i % LOCKS].lock;
		parts[i].map = leash_map_new();
		if (!parts[i].map)
			return false;
	}
	return true;
}

static void forget_candidates(void)
{
	pthread_mutex_lock(&candidates_lock);
	while (candidates_number)
		free(candidates[--candidates_number].name);
	pthread_mutex_unlock(&candidates_lock);
}

void keys_stop(void)
{
	forget_candidates();
	for (int i = 0; i < PARTS; i++) {
		leash_release(parts[i].map);
		parts[i].map = NULL;
	}
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&locks[i].lock);
}

/* As FNV-1a, but eight bytes at a time.  Only the choice of a part depends on it: the maps have their own. */
static struct part *part_of(const char *name, size_t length)
{
	uint64_t hash = UINT64_C(14695981039346656037), word;

	for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 32;
	}
	for (; length; name++, length--)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
	/* Upper bits, which depend on all bytes; in the lower ones, shifts may have cancelled each other. */
	return &parts[(hash * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PARTS];
}

/* And then has for good. */
static bool has_expired(struct value *value)
{
	int64_t expires = __atomic_load_n(&value->expires, __ATOMIC_RELAXED);

	return expires && expires <= clock_now() &&
	       (__atomic_compare_exchange_n(&value->expires, &expires, EXPIRED, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
		expires == EXPIRED);
}

struct value *keys_get(const char *name, size_t length)
{
	leash_map *map = part_of(name, length)->map;
	leash_key key = leash_key_bytes(name, length);
	struct value *value = leash_map_get(map, key);
	uint32_t now = __atomic_load_n(&now_seconds, __ATOMIC_RELAXED);

	if (!value)
		return NULL;
	if (has_expired(value)) {
		leash_map_remove_if(map, key, value);
		leash_release(value);
		return NULL;
	}
	if (__atomic_load_n(&value->used, __ATOMIC_RELAXED) != now)
		__atomic_store_n(&value->used, now, __ATOMIC_RELAXED);
	return value;
}

void keys_lock(const char *name, size_t length)
{
	pthread_mutex_lock(part_of(name, length)->lock);
}

void keys_unlock(const char *name, size_t length)
{
	pthread_mutex_unlock(part_of(name, length)->lock);
}

uint32_t keys_locks_of(const char *name, size_t length)
{
	return UINT32_C(1) << (part_of(name, length) - parts) % LOCKS;
}

void keys_lock_all(uint32_t some)
{
	for (; some; some &= some - 1)
		pthread_mutex_lock(&locks[__builtin_ctz(some)].lock);
}

void keys_unlock_all(uint32_t some)
{
	for (; some; some &= some - 1)
		pthread_mutex_unlock(&locks[__builtin_ctz(some)].lock);
}

int keys_set(const char *name, size_t length, struct value *value)
{
	__atomic_store_n(&value->used, __atomic_load_n(&now_seconds, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
	return leash_map_set(part_of(name, length)->map, leash_key_bytes(name, length), value);
}

bool keys_remove(const char *name, size_t length)
{
	void *value;
	bool was_there;

	leash_map_exchange(part_of(name, length)->map, leash_key_bytes(name, length), NULL, &value);
	was_there = value && !has_expired(value);
	leash_release(value);
	return was_there;
}

size_t keys_number(void)
{
	size_t sum = 0;

	for (int i = 0; i < PARTS; i++)
		sum += leash_map_size(parts[i].map);
	return sum;
}

void keys_clear(void)
{
	for (int i = 0; i < PARTS; i++) {
		pthread_mutex_lock(parts[i].lock);
		leash_map_clear(parts[i].map);
		pthread_mutex_unlock(parts[i].lock);
	}
}

/* --- Walks. */

struct walk {
	keys_fn *fn;
	void *arg;
	bool stopped;
};

static bool step(leash_key key, void *object, void *arg)
{
	struct walk *walk = arg;

	if (!has_expired(object))
		walk->stopped = !walk->fn(key.bytes, key.number, object, walk->arg);
	return !walk->stopped;
}

bool keys_each_in(int part, keys_fn *fn, void *arg)
{
	struct walk walk = { fn, arg, false };

	leash_map_each(parts[part].map, step, &walk);
	return !walk.stopped;
}

void keys_each(keys_fn *fn, void *arg)
{
	for (int i = 0; i < PARTS && keys_each_in(i, fn, arg); i++)
		;
}

/* --- Expiry. */

static bool expire(leash_key key, void *object, void *arg)
{
	if (has_expired(object))
		leash_map_remove_if(arg, key, object);
	return true;
}

void keys_expire_some(void)
{
	static unsigned turn;

	__atomic_store_n(&now_seconds, (uint32_t)(clock_now() / 1000), __ATOMIC_RELAXED);
	for (int i = 0; i < BY_TURNS; i++) {
		leash_map *map = parts[turn++ % PARTS].map;

		if (leash_map_size(map))
			leash_map_each(map, expire, map);
	}
}

/* --- Eviction. */

/* Keeps the name if it is older than one of the candidates, or there are too few of them. */
static bool consider(const char *name, size_t length, struct value *value, void *arg)
{
	uint32_t used = __atomic_load_n(&value->used, __ATOMIC_RELAXED);
	bool full = candidates_number == CANDIDATES;
	size_t i = full ? 1 : candidates_number;
	char *copy;

	++*(size_t *)arg;
	if ((full && used >= candidates[0].used) || !(copy = malloc(length + 1)))
		return true;
	memcpy(copy, name, length);
	if (full) {
		free(candidates[0].name);
		for (; i < CANDIDATES && candidates[i].used > used; i++)
			candidates[i - 1] = candidates[i];
		i--;
	} else {
		for (; i > 0 && candidates[i - 1].used < used; i--)
			candidates[i] = candidates[i - 1];
		candidates_number++;
	}
	candidates[i] = (struct candidate){ used, length, copy };
	return true;
}

static void find_candidates(void)
{
	static unsigned turn;
	size_t seen = 0;

	for (int i = 0; i < PARTS && seen < SEEN; i++) {
		unsigned part = turn++ % PARTS;

		if (leash_map_size(parts[part].map))
			keys_each_in((int)part, consider, &seen);
	}
}

static bool evict(const struct candidate *candidate)
{
	leash_map *map = part_of(candidate->name, candidate->length)->map;
	leash_key key = leash_key_bytes(candidate->name, candidate->length);
	LEASH_AUTO struct value *value = leash_map_get(map, key);

	return value && __atomic_load_n(&value->used, __ATOMIC_RELAXED) == candidate->used &&
	       leash_map_remove_if(map, key, value);
}

bool keys_evict_one(void)
{
	bool evicted = false;

	pthread_mutex_lock(&candidates_lock);
	/* Candidates may have gone by themselves, or been used; not all of the new ones have. */
	for (int attempt = 0; attempt < 2 * CANDIDATES && !evicted; attempt++) {
		struct candidate *oldest;

		if (!candidates_number)
			find_candidates();
		if (!candidates_number)
			break;
		oldest = &candidates[--candidates_number];
		evicted = evict(oldest);
		free(oldest->name);
	}
	pthread_mutex_unlock(&candidates_lock);
	return evicted;
}
