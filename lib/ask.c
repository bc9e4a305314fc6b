/* What one can ask of a count. */
#include "deferred.h"
#include "harden.h"
#include "words.h"

#include <leash/count.h>

size_t leash_refcount(const void *object)
{
	const struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;
	uint64_t shared;
	int64_t count;

	if (!object)
		return 0;
	lsh_harden_check(h, "leash_refcount");
	record = lsh_begin();
	shared = lsh_load_shared(h);
	count = lsh_shared_count(shared) - (int64_t)lsh_credit_count(record, h);
	if (!(shared & LEASH__MERGED))
		count += __atomic_load_n(&h->local, __ATOMIC_RELAXED) / LEASH__LOCAL_ONE;
	lsh_end(record);
	if (shared & LEASH__IMMORTAL)
		return SIZE_MAX;
	return count < 1 ? 1 : (size_t)count;
}

bool leash_is_unique(const void *object)
{
	const struct leash__header *h = leash__header_of(object);
	struct lsh_record *record;
	uint64_t shared;
	bool unique;

	if (!object)
		return false;
	lsh_harden_check(h, "leash_is_unique");
	record = lsh_begin();
	shared = lsh_load_shared(h);
	if (shared & (LEASH__IMMORTAL | LEASH__DEAD | LEASH__PENDING))
		unique = false;
	else if (shared & LEASH__MERGED)
		unique = lsh_shared_count(shared) == 1 + (int64_t)lsh_credit_count(record, h);
	else
		unique = lsh_owns(record, h) && lsh_shared_count(shared) == 0 &&
			 __atomic_load_n(&h->local, __ATOMIC_RELAXED) / LEASH__LOCAL_ONE == 1;
	lsh_end(record);
	return unique;
}

const leash_type *leash_typeof(const void *object)
{
	if (!object)
		return NULL;
	lsh_harden_check(leash__header_of(object), "leash_typeof");
	return lsh_type_of(leash__header_of(object))->type;
}
