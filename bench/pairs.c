/* Garbage pairs: see pairs.h.
 */
#include "pairs.h"

#include "case.h"

#include <leash/leash.h>

struct pair {
	struct pair *other;
	long value[3];
};

static const leash_type pair_type = {
	.name = "pair",
	.size = sizeof(struct pair),
	LEASH_FIELDS(struct pair, other),
};

void pairs_drop(long objects)
{
	for (; objects > 0; objects -= 2) {
		struct pair *a = leash_new(&pair_type), *b = leash_new(&pair_type);

		leash_set(&b->other, a);
		leash_set_take(&a->other, b);
		bench_keep(a);
		leash_release(a);
	}
}
