/* The collector's arrays (lib/collect/array.c): what is in them stays, and threads that know nothing of each other get one
 * another's pages.  (That this is no race ThreadSanitizer has to be told.) */
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <leash/leash.h>
#include "collect/array.h"
#include "tap.h"
#include "threads.h"

static int turn; /* not ordered by anything */
static int wrong;

static void fill_and_free(unsigned char me)
{
	struct lsh_array array = { NULL };
	const unsigned char *bytes;
	size_t size, before = 0, i;

	for (size = 1; size < 400000; size = size * 3 / 2 + 1) {
		if (!lsh_array_reserve(&array, size) || array.bytes < size)
			bail_out("no memory");
		bytes = array.data;
		for (i = 0; i < before; i += 100)
			__atomic_fetch_add(&wrong, bytes[i] != me, __ATOMIC_RELAXED);
		for (; i < array.bytes; i += 4096)
			__atomic_fetch_add(&wrong, before <= i && bytes[i] != 0, __ATOMIC_RELAXED);
		memset(array.data, me, array.bytes);
		before = array.bytes;
	}
	lsh_array_free(&array);
}

static void *take_turns(void *argument)
{
	int me = (int)(intptr_t)argument, round;

	for (round = 0; round < 50; round++) {
		while (__atomic_load_n(&turn, __ATOMIC_RELAXED) != me)
			sched_yield();
		fill_and_free((unsigned char)(me + 1));
		__atomic_store_n(&turn, !me, __ATOMIC_RELAXED);
	}
	return NULL;
}

int main(void)
{
	pthread_t other = thread_start(take_turns, (void *)1);

	take_turns(NULL);
	thread_end(other);
	is_int(wrong, 0, "what was in them stayed, what came was 0");
	is_int((long long)lsh_array_total(), 0, "and nothing is left of them");
	return done();
}
