/* Statistics: the counters' sum, and its printing. */
#include <errno.h>
#include <inttypes.h>

#include <leash/see.h>

#include "statistics.h"
#include "../thread.h"

static struct lsh_counters past; /* of threads that ended; under the registry's lock */
static uint64_t immortals;

static void add(struct lsh_counters *sum, const struct lsh_counters *counters)
{
#define LSH_COUNTER(name) sum->name += __atomic_load_n(&counters->name, __ATOMIC_RELAXED);
	LSH_COUNTERS(LSH_COUNTER)
#undef LSH_COUNTER
}

void lsh_counters_immortal(void)
{
	__atomic_fetch_add(&immortals, 1, __ATOMIC_RELAXED);
}

uint64_t lsh_counters_immortals(void)
{
	return __atomic_load_n(&immortals, __ATOMIC_RELAXED);
}

void lsh_counters_retire(const struct lsh_counters *counters)
{
	add(&past, counters);
}

void lsh_counters_sum(struct lsh_counters *sum)
{
	const struct lsh_record *record;

	lsh_lock(&lsh_registry);
	*sum = past;
	for (record = lsh_records(); record; record = record->next)
		add(sum, &record->counters);
	lsh_unlock(&lsh_registry);
	sum->births += sum->births_cyclic;
	sum->frees += sum->frees_cyclic;
}

/* Those that the owner finds are not counted: the rest of the others, which are counted when an object has died and not
 * only when its memory has gone. */
static uint64_t deaths_owner(const struct lsh_counters *sum)
{
	uint64_t all = sum->frees + sum->finalized;
	uint64_t others = sum->deaths_shared + sum->deaths_deferred + sum->deaths_revoked + sum->deaths_collected;

	return all > others ? all - others : 0;
}

int leash_stats_print(FILE *stream, leash_format format)
{
	struct lsh_counters sum;

	if (!stream || format != LEASH_TEXT)
		return -EINVAL;
	lsh_counters_sum(&sum);
	fprintf(stream, "alive %" PRIu64 "\n", sum.births - sum.frees);
	fprintf(stream, "immortal %" PRIu64 "\n", lsh_counters_immortals());
	fprintf(stream, "deaths_owner %" PRIu64 "\n", deaths_owner(&sum));
#define LSH_COUNTER(name) fprintf(stream, #name " %" PRIu64 "\n", sum.name);
	LSH_COUNTERS(LSH_COUNTER)
#undef LSH_COUNTER
	return ferror(stream) ? -EIO : 0;
}
