/* The limit on memory.
 *
 * What is allocated is measured from time to time, since the measuring costs: by the timer, and by a thread that has been sent as
 * much as may change the answer.  As long as the last measure was too much, whoever wants to write has to evict a name first.
 *
 * The timer evicts more, in case that is not enough.  From how far it is above the limit follows how many names are too many; half of
 * them go at each turn, since what is evicted goes a moment later, and would be evicted for twice.
 */
#include <malloc.h>
#include <stdint.h>
#include "counted.h"
#include "keys.h"
#include "memory.h"
#include "server.h"

#define MOST     20000 /* names that go in one turn */
#define PORTIONS 500   /* of the limit, each of which a thread may be sent before it measures */

/* jemalloc's, if the program is linked with it. */
extern int mallctl(const char *name, void *old, size_t *old_size, void *new, size_t new_size) __attribute__((weak));

/* The sanitizers'. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static bool too_much; /* atomic */

size_t memory_used(void)
{
	uint64_t epoch = 1;
	size_t used, size = sizeof(used);

	if (mallctl && mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch)) == 0 &&
	    mallctl("stats.allocated", &used, &size, NULL, 0) == 0)
		return used;
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

static size_t measure(void)
{
	size_t used = memory_used();

	__atomic_store_n(&too_much, used > options.maxmemory, __ATOMIC_RELAXED);
	return used;
}

void memory_look(void)
{
	size_t used, number;

	if (!options.maxmemory)
		return;
	used = measure();
	if (used <= options.maxmemory)
		return;
	number = (size_t)((double)(used - options.maxmemory) / (double)used * (double)keys_number() / 2) + 1;
	if (number > MOST)
		number = MOST;
	while (number-- && keys_evict_one())
		;
	leash_flush();
}

bool memory_allows(size_t sent)
{
	static __thread size_t since; /* the last measure */

	if (!options.maxmemory)
		return true;
	since += sent;
	if (since > options.maxmemory / PORTIONS) {
		since = 0;
		measure();
	}
	return !__atomic_load_n(&too_much, __ATOMIC_RELAXED) || keys_evict_one();
}
