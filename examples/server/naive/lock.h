/* The lock of maps and sets: one word, taken by an atomic exchange and given back by a store.
 *
 * It is held for a lookup in a small table and one increment, some tens of nanoseconds, and a server's keys have 1,024 of
 * them.  So it is hardly ever found taken, and what counts is what an untaken one costs.  Of those tried in this place,
 * under the server with redis-benchmark -P 32 and in a loop of lookups, pthread_rwlock_t costs most, also when all threads
 * read one key, since readers write to it as often as the others do; pthread_mutex_t costs a second atomic operation
 * and two calls; and this one is the fastest or as fast as any.
 *
 * Who has to wait for it spins for less time than a thread needs to sleep and wake, and then lets others run: the holder may
 * have lost its processor.
 */
#ifndef SERVER_NAIVE_LOCK_H
#define SERVER_NAIVE_LOCK_H

#include <sched.h>
#include <stdint.h>

#define NAIVE_SPINS 64

/* Zero-initialised: free. */
typedef uint32_t naive_lock;

static inline void naive_wait(unsigned turn)
{
	if (turn >= NAIVE_SPINS)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	else
		__builtin_ia32_pause();
#endif
}

static inline void naive_lock_take(naive_lock *lock)
{
	unsigned turn = 0;

	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0) {
		while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0)
			naive_wait(turn++);
	}
}

static inline void naive_lock_give(naive_lock *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#endif
