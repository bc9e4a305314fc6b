/* Hash tables that are read without a lock, for the maps.
 *
 * Purpose.  Keys to entries; what an entry holds and when it is over, the maps know.
 *
 * Structure.  liburcu's lock-free hash table (rculfhash.c), in its urcu-bp flavour: one list of all entries,
 * ordered by the reversed bits of their hash, and an array of entrances to it.  Readers are in a read section;
 * what is taken out of the table is freed when all of them are over.
 *
 * Live and dead.  An entry ends (its value is NULL, or has died) before it leaves the table, and its end is for good.
 * Lookups do not see dead entries at all, so that a new one can be added beside them at once; the dead ones are taken
 * out by whoever ended them, each by its address, never by its key.  So of one key there is one live entry at most.
 *
 * Holds.  The table holds its entries, and so do walks and watches (watched.c), who may want them outside read
 * sections.  The table's hold is given up one grace period after the entry left the table.  Hence: who finds an
 * entry in a read section may hold it.
 *
 * Walks hold what they find in one read section, and call their function for one after the other outside.
 * Without the memory to note all of them they take a few at a time, and find their place again by the order of
 * the hashes.
 *
 * Growth.  The thread whose addition makes entries outnumber entrances doubles these, one at a time, and without
 * waiting for readers.  liburcu splits large tables up between threads that live as long as the doubling does; they
 * block all signals, as all threads of the library's do.  liburcu cannot do without the memory; so it is asked
 * for first.  In the child of a fork that came in the middle of a doubling, the table does not grow any more.
 * No table shrinks.
 *
 * Debuggers, which cannot call liburcu, go through the list from its first entrance (see/debugger.h).  Where that is, only those
 * know who have said how the entrances are to be laid out; so this is said, as liburcu would choose it by itself.
 *
 * Hash.  Keys may come from outside; so the hash depends on a secret of the process.
 *
 * Progress: lookups are wait-free but for the length of a chain, additions and removals lock-free.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <leash/leash.h>

#include "../points.h"
#include "../revoke.h"
#include "../track.h"
#include "table.h"

#define FIRST 8  /* entrances */
#define BATCH 64 /* of a walk without memory */

static uint64_t secret[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_secret(void)
{
	struct timespec time;

	if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) == (ssize_t)sizeof(secret))
		return;
	clock_gettime(CLOCK_MONOTONIC, &time);
	secret[0] = (uint64_t)time.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)(uintptr_t)&time;
	secret[1] = ((uint64_t)time.tv_sec ^ (uint64_t)(uintptr_t)make_secret) * UINT64_C(0xd6e8feb86659fd93);
}

/* Both halves of the product. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* Fewer than eight bytes; how many enters the hash by itself. */
static uint64_t rest_at(const char *bytes, size_t number)
{
	uint32_t first, last;

	if (number >= 4) {
		memcpy(&first, bytes, sizeof(first));
		memcpy(&last, bytes + number - sizeof(last), sizeof(last));
		return first | (uint64_t)last << 32;
	}
	if (!number)
		return 0;
	return (unsigned char)bytes[0] | (uint64_t)(unsigned char)bytes[number / 2] << 8 |
	       (uint64_t)(unsigned char)bytes[number - 1] << 16;
}

static unsigned long hash(leash_key key)
{
	uint64_t h = secret[0] ^ key.number;
	const char *bytes = key.bytes;
	size_t left = key.number;

	if (!bytes)
		return fold(fold(h, secret[1] | 1), UINT64_C(0x9e3779b97f4a7c15) ^ secret[0]);
	h = ~h;
	for (; left >= 16; left -= 16, bytes += 16)
		h = fold(h ^ word_at(bytes), secret[1] ^ word_at(bytes + 8)) + secret[0];
	if (left >= 8) {
		h = fold(h ^ word_at(bytes), secret[1]) + secret[0];
		bytes += 8;
		left -= 8;
	}
	return fold(fold(h ^ rest_at(bytes, left), secret[1] | 1), UINT64_C(0xd6e8feb86659fd93) ^ secret[0]);
}

leash_key leash_key_text(const char *text)
{
	return leash_key_bytes(text, strlen(text));
}

leash_key leash_key_bytes(const void *bytes, size_t length)
{
	return (leash_key){ .bytes = bytes, .number = length };
}

static struct lsh_entry *entry_of(struct cds_lfht_node *node)
{
	return (struct lsh_entry *)((uintptr_t)node - offsetof(struct lsh_entry, node));
}

leash_key lsh_entry_key(const struct lsh_entry *entry)
{
	return (leash_key){ .bytes = entry->is_bytes ? entry->bytes : NULL, .number = entry->number };
}

void lsh_table_read_lock(void)
{
	leash_read_lock();
}

void lsh_table_read_unlock(void)
{
	LSH_RELEASE(&lsh_readers);
	leash_read_unlock();
}

/* Whether there is that much memory now. */
static bool could_have(size_t bytes)
{
	void *memory = LSH_ALLOCATION_FAILS ? NULL : malloc(bytes);

	free(memory);
	return memory != NULL;
}

struct lsh_table *lsh_table_new(const struct lsh_table_kind *kind)
{
	struct lsh_table *table = LSH_ALLOCATION_FAILS ? NULL : malloc(sizeof(*table));

	pthread_once(&once, make_secret);
	if (!table)
		return NULL;
	*table = (struct lsh_table){ .kind = kind, .buckets = FIRST };
	if (could_have(2 * FIRST * sizeof(struct cds_lfht_node)))
		table->nodes = _cds_lfht_new(FIRST, FIRST, 0, 0, &cds_lfht_mm_order, &rcu_flavor, NULL);
	if (table->nodes) {
		table->first = cds_lfht_mm_order.bucket_at(table->nodes, 0);
		return table;
	}
	free(table);
	return NULL;
}

static void free_table(struct lsh_retired *retired)
{
	struct lsh_table *table = (struct lsh_table *)((uintptr_t)retired - offsetof(struct lsh_table, retired));
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	/* Nobody else is here. */
	rcu_read_lock();
	cds_lfht_first(table->nodes, &iter);
	while ((node = cds_lfht_iter_get_node(&iter)) != NULL) {
		cds_lfht_next(table->nodes, &iter);
		if (cds_lfht_del(table->nodes, node) == 0)
			lsh_entry_let_go(table->kind, entry_of(node));
	}
	rcu_read_unlock();
	cds_lfht_destroy(table->nodes, NULL);
	free(table);
}

static struct lsh_retired_kind tables = { .free_fn = free_table };

void lsh_table_retire(struct lsh_table *table)
{
	if (table)
		lsh_retire(&tables, &table->retired);
}

size_t lsh_table_count(const struct lsh_table *table)
{
	return __atomic_load_n(&table->count, __ATOMIC_RELAXED);
}

/* In front of all. */
static struct lsh_retired *retired_of(const struct lsh_table_kind *kind, struct lsh_entry *entry)
{
	return (struct lsh_retired *)((uintptr_t)entry - kind->front) - 1;
}

struct lsh_entry *lsh_entry_new(const struct lsh_table_kind *kind, leash_key key)
{
	size_t before = sizeof(struct lsh_retired) + kind->front;
	size_t bytes = before + offsetof(struct lsh_entry, bytes) + (key.bytes ? key.number : 0);
	struct lsh_entry *entry;
	char *memory;

	/* Entries may be made faster than those that have ended are freed. */
	lsh_finalizers_throttle();
	if (bytes < before + sizeof(*entry))
		bytes = before + sizeof(*entry);
	memory = LSH_ALLOCATION_FAILS || (key.bytes && key.number > SIZE_MAX / 2) ? NULL : calloc(1, bytes);
	if (!memory)
		return NULL;
	entry = (struct lsh_entry *)(void *)(memory + before);
	cds_lfht_node_init(&entry->node);
	entry->number = key.number;
	entry->is_bytes = key.bytes != NULL;
	entry->holds = 1;
	if (key.bytes)
		memcpy(entry->bytes, key.bytes, key.number);
	return entry;
}

void lsh_entry_hold(struct lsh_entry *entry)
{
	__atomic_fetch_add(&entry->holds, 1, __ATOMIC_RELAXED);
}

void lsh_entry_let_go(const struct lsh_table_kind *kind, struct lsh_entry *entry)
{
	if (__atomic_sub_fetch(&entry->holds, 1, __ATOMIC_ACQ_REL))
		return;
	if (kind->clear)
		kind->clear(entry);
	free(retired_of(kind, entry));
}

struct wanted {
	const struct lsh_table_kind *kind;
	leash_key key;
	void *(*load)(const struct lsh_entry *entry); /* not NULL: what it gives decides, and not is_alive */
	void *loaded;
};

/* The first match ends a lookup. */
static int match(struct cds_lfht_node *node, const void *argument)
{
	struct wanted *wanted = (struct wanted *)(uintptr_t)argument;
	const struct lsh_entry *entry = entry_of(node);

	LSH_ACQUIRE(node);
	if (entry->number != wanted->key.number || entry->is_bytes != (wanted->key.bytes != NULL) ||
	    (entry->is_bytes && memcmp(entry->bytes, wanted->key.bytes, entry->number) != 0))
		return false;
	if (!wanted->load)
		return wanted->kind->is_alive(entry);
	wanted->loaded = wanted->load(entry);
	return wanted->loaded != NULL;
}

struct lsh_entry *lsh_table_find(const struct lsh_table *table, leash_key key)
{
	struct wanted wanted = { .kind = table->kind, .key = key };
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	cds_lfht_lookup(table->nodes, hash(key), match, &wanted, &iter);
	node = cds_lfht_iter_get_node(&iter);
	LSH_POINT("table: found");
	return node ? entry_of(node) : NULL;
}

void *lsh_table_load(const struct lsh_table *table, leash_key key, void *(*load)(const struct lsh_entry *entry))
{
	struct wanted wanted = { .kind = table->kind, .key = key, .load = load };
	struct cds_lfht_iter iter;

	cds_lfht_lookup(table->nodes, hash(key), match, &wanted, &iter);
	return wanted.loaded;
}

struct lsh_entry *lsh_table_add(struct lsh_table *table, struct lsh_entry *entry)
{
	struct wanted wanted = { .kind = table->kind, .key = lsh_entry_key(entry) };
	struct cds_lfht_node *node;

	LSH_RELEASE(&entry->node);
	/* First, for it may be taken out at once, and the count not go below 0. */
	__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
	node = cds_lfht_add_unique(table->nodes, hash(wanted.key), match, &wanted, &entry->node);
	if (node == &entry->node)
		return NULL;
	__atomic_fetch_sub(&table->count, 1, __ATOMIC_RELAXED);
	return entry_of(node);
}

struct lsh_entry *lsh_table_replace(struct lsh_table *table, struct lsh_entry *entry)
{
	struct wanted wanted = { .kind = table->kind, .key = lsh_entry_key(entry) };
	struct cds_lfht_node *node;

	LSH_RELEASE(&entry->node);
	__atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
	node = cds_lfht_add_replace(table->nodes, hash(wanted.key), match, &wanted, &entry->node);
	if (!node)
		return NULL;
	__atomic_fetch_sub(&table->count, 1, __ATOMIC_RELAXED);
	return entry_of(node);
}

bool lsh_table_remove(struct lsh_table *table, struct lsh_entry *entry)
{
	if (cds_lfht_del(table->nodes, &entry->node) != 0)
		return false;
	__atomic_fetch_sub(&table->count, 1, __ATOMIC_RELAXED);
	return true;
}

void lsh_entry_retire(const struct lsh_table *table, struct lsh_entry *entry)
{
	lsh_retire(table->kind->retired, retired_of(table->kind, entry));
}

void lsh_table_grow(struct lsh_table *table)
{
	size_t buckets = __atomic_load_n(&table->buckets, __ATOMIC_RELAXED);
	sigset_t all, before;

	if (lsh_table_count(table) <= buckets || rcu_read_ongoing() ||
	    __atomic_exchange_n(&table->growing, true, __ATOMIC_ACQUIRE))
		return;
	buckets = __atomic_load_n(&table->buckets, __ATOMIC_RELAXED);
	if (lsh_table_count(table) > buckets && could_have(buckets * sizeof(struct cds_lfht_node))) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		cds_lfht_resize(table->nodes, 2 * buckets);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		__atomic_store_n(&table->buckets, 2 * buckets, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&table->growing, false, __ATOMIC_RELEASE);
}

void lsh_table_scan(struct lsh_table *table, void (*fn)(struct lsh_entry *entry, void *arg), void *arg)
{
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	for (cds_lfht_first(table->nodes, &iter); (node = cds_lfht_iter_get_node(&iter)) != NULL;
	     cds_lfht_next(table->nodes, &iter)) {
		LSH_ACQUIRE(node);
		fn(entry_of(node), arg);
	}
}

struct walk {
	struct lsh_table *table;
	struct lsh_entry **entries;
	size_t room, count;
	unsigned long place; /* of the last one, in the order of the table */
	bool begun;          /* there is a last one */
	bool more;
};

static unsigned long place_of(const struct lsh_entry *entry)
{
	return entry->node.reverse_hash;
}

static void let_go_from(struct walk *walk, size_t first)
{
	while (walk->count > first)
		lsh_entry_let_go(walk->table->kind, walk->entries[--walk->count]);
}

/* Those of one hash stay together, as the next batch begins behind it. */
static void cut(struct walk *walk, const struct lsh_entry *next)
{
	size_t i = walk->count;

	while (i && place_of(walk->entries[i - 1]) == place_of(next))
		i--;
	if (i)
		let_go_from(walk, i);
}

/* Holds as many as there is room for. */
static void gather(struct walk *walk)
{
	struct cds_lfht *nodes = walk->table->nodes;
	struct cds_lfht_iter iter;
	struct cds_lfht_node *node;

	walk->count = 0;
	walk->more = false;
	lsh_table_read_lock();
	for (cds_lfht_first(nodes, &iter); (node = cds_lfht_iter_get_node(&iter)) != NULL;
	     cds_lfht_next(nodes, &iter)) {
		struct lsh_entry *entry = entry_of(node);

		LSH_ACQUIRE(node);
		if (walk->begun && place_of(entry) <= walk->place)
			continue;
		if (walk->count == walk->room) {
			cut(walk, entry);
			walk->more = true;
			break;
		}
		lsh_entry_hold(entry);
		walk->entries[walk->count++] = entry;
	}
	lsh_table_read_unlock();
	if (walk->count) {
		walk->place = place_of(walk->entries[walk->count - 1]);
		walk->begun = true;
	}
}

/* False when it was ended. */
static bool call(struct walk *walk, bool (*fn)(struct lsh_entry *entry, void *arg), void *arg)
{
	bool going = true;
	size_t i;

	for (i = 0; i < walk->count; i++) {
		going = going && fn(walk->entries[i], arg);
		lsh_entry_let_go(walk->table->kind, walk->entries[i]);
	}
	return going;
}

void lsh_table_walk(struct lsh_table *table, bool (*fn)(struct lsh_entry *entry, void *arg), void *arg)
{
	struct lsh_entry *few[BATCH], **many = NULL;
	struct walk walk = { .table = table, .entries = few, .room = BATCH };
	size_t all = lsh_table_count(table) + BATCH;

	if (all > 2 * BATCH && !LSH_ALLOCATION_FAILS)
		many = malloc(all * sizeof(*many));
	if (many) {
		walk.entries = many;
		walk.room = all;
	}
	do
		gather(&walk);
	while (call(&walk, fn, arg) && walk.more);
	free(many);
}
