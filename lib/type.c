/* The table of types.
 *
 * An object carries the number of its type in 16 bits of its header; the table leads from there to what
 * birth and death need.  Numbers are given out at a type's first birth and never taken back.  Births find
 * them through a small cache of the thread's own, keyed by the description's address.
 *
 * Threads read entries without a lock: whoever has an object of the type got it, directly or through others, from
 * a thread that saw the entry complete; whoever looks a description up finds its number stored with release.
 */
#include <errno.h>
#include <string.h>

#include "census.h"
#include "heap.h"
#include "lock.h"
#include "type.h"

struct lsh_type lsh_types[1 << 16]; /* 0 is no type */

static struct lsh_lock lock = LSH_LOCK_INIT(LSH_RANK_TYPES);
static unsigned count;
static uint16_t by_address[1 << 17]; /* open addressing, linear probing; never more than half full */

static uint64_t hash(const leash_type *type)
{
	return (uint64_t)(uintptr_t)type * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_valid(const leash_type *type)
{
	return type && type->name && type->size <= UINT32_MAX - (type->flags & LEASH_WEAKABLE ? 16 : 0) &&
	       (type->flags & ~(LEASH_ACYCLIC | LEASH_PROMPT | LEASH_WEAKABLE)) == 0 &&
	       (type->field_count == 0 || type->fields);
}

/* Whether the references of a type stand in one row, at the beginning of it. */
static bool in_one_row(struct lsh_type *entry, const leash_type *type)
{
	uint64_t end;
	size_t i;

	if (!type->field_count || type->trace)
		return false;
	end = (uint32_t)type->fields[0];
	for (i = 0; i < type->field_count; i++) {
		leash_field field = type->fields[i];

		if (field >> 56 == LEASH__FIELD_TAIL || field >> 56 == LEASH__FIELD_WEAK || (uint32_t)field != end)
			return false;
		end += (field >> 32 & 0xffffff) * sizeof(void *);
	}
	if (end > UINT8_MAX * sizeof(void *) || (uint32_t)type->fields[0] % sizeof(void *))
		return false;
	entry->first_ref = (uint8_t)((uint32_t)type->fields[0] / sizeof(void *));
	entry->refs = (uint8_t)(end / sizeof(void *) - entry->first_ref);
	return true;
}

static bool has_fields(const leash_type *type, bool weak)
{
	size_t i;

	for (i = 0; i < type->field_count; i++)
		if ((type->fields[i] >> 56 == LEASH__FIELD_WEAK) == weak)
			return true;
	return false;
}

static void describe(struct lsh_type *entry, const leash_type *type, unsigned id)
{
	bool bare;

	entry->birth = id | (type->flags & LEASH_PROMPT ? LEASH__PROMPT : 0);
	entry->size = (uint32_t)type->size;
	entry->weakable = type->flags & LEASH_WEAKABLE;
	/* Headers are 32 bytes apart at least: see collect/places.c. */
	entry->body = entry->size ? entry->size : 1;
	if (entry->weakable)
		entry->body = ((entry->size + 7) & ~7u) + (uint32_t)sizeof(struct lsh_weak *);
	entry->magazine = lsh_magazine_for(sizeof(struct leash__header) + entry->body);
	entry->references = has_fields(type, false) || type->trace;
	entry->weak_fields = has_fields(type, true);
	entry->hooks = type->close || type->finalize || type->destroy;
	entry->simple = !entry->references && !entry->weak_fields && !entry->hooks && !lsh_census_on;
	bare = in_one_row(entry, type) && !entry->hooks && !lsh_census_on;
	entry->cyclic = entry->references && !(type->flags & LEASH_ACYCLIC);
	entry->log = (uint16_t)((entry->cyclic ? 0 : LEASH__LEAF) |
				(entry->simple || (bare && entry->cyclic) ? entry->magazine : LSH_NO_MAGAZINE));
	entry->type = type;
}

static uint32_t place_of(const leash_type *type)
{
	return (uint32_t)(hash(type) >> 47);
}

/* Entries are never removed: what is found is there for good.  `place`: where the search ended. */
static const struct lsh_type *find(const leash_type *type, uint32_t *place)
{
	uint32_t i = place_of(type), id;

	for (; (id = __atomic_load_n(&by_address[i], __ATOMIC_ACQUIRE)) != 0; i = (i + 1) & 0x1ffff)
		if (lsh_types[id].type == type)
			break;
	*place = i;
	return id ? &lsh_types[id] : NULL;
}

static const struct lsh_type *find_or_add(const leash_type *type)
{
	uint32_t place;
	const struct lsh_type *entry = find(type, &place);

	if (entry)
		return entry;
	lsh_lock(&lock);
	entry = find(type, &place);
	if (!entry && count < LEASH__TYPE_MASK) {
		count++;
		describe(&lsh_types[count], type, count);
		__atomic_store_n(&by_address[place], (uint16_t)count, __ATOMIC_RELEASE);
		entry = &lsh_types[count];
	}
	lsh_unlock(&lock);
	return entry;
}

const struct lsh_type *lsh_type_find(const leash_type *type)
{
	const struct lsh_type *entry;

	if (!is_valid(type)) {
		errno = EINVAL;
		return NULL;
	}
	entry = find_or_add(type);
	if (!entry)
		errno = ENOMEM;
	return entry;
}

size_t lsh_payload(const struct leash__header *h)
{
	size_t bytes = lsh_type_of(h)->size;

	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__EXTRA)
		bytes += lsh_prefix_of(h)->extra;
	return bytes;
}

void lsh_payload_forbid(struct leash__header *h)
{
	/* No type has one where the heap is plain. */
	if (lsh_type_of(h)->magazine == LSH_NO_MAGAZINE && lsh_heap_is_plain())
		lsh_forbid(h + 1, lsh_payload(h));
}

size_t lsh_block_bytes(const struct leash__header *h)
{
	if (__atomic_load_n(&h->shared, __ATOMIC_RELAXED) & LEASH__EXTRA)
		return sizeof(struct lsh_prefix) + sizeof(*h) + lsh_payload(h);
	return sizeof(*h) + lsh_type_of(h)->body;
}

void lsh_type_visit(struct leash__header *h, leash_visit_fn *visit, void *arg)
{
	lsh_type_visit_inline(h, visit, arg);
}

void lsh_types_lock(void)
{
	pthread_mutex_lock(&lock.mutex);
}

void lsh_types_unlock(void)
{
	pthread_mutex_unlock(&lock.mutex);
}
