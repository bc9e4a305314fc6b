/* The lock of maps and sets. */
#ifndef SERVER_NAIVE_LOCK_H
#define SERVER_NAIVE_LOCK_H

#include <sched.h>
#include <stdint.h>

#define NAIVE_SPINS 64 /* before the processor is given to another thread */

static inline void naive_wait(unsigned turn)
{
	if (turn >= NAIVE_SPINS)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	else
		__builtin_ia32_pause();
#endif
}

#if defined(LOCK_MUTEX)
#include <pthread.h>
typedef pthread_mutex_t naive_lock;
#define naive_lock_init(l) pthread_mutex_init(l, NULL)
#define naive_lock_take(l) pthread_mutex_lock(l)
#define naive_lock_share(l) pthread_mutex_lock(l)
#define naive_lock_give(l) pthread_mutex_unlock(l)
#elif defined(LOCK_RW)
#include <pthread.h>
typedef pthread_rwlock_t naive_lock;
#define naive_lock_init(l) pthread_rwlock_init(l, NULL)
#define naive_lock_take(l) pthread_rwlock_wrlock(l)
#define naive_lock_share(l) pthread_rwlock_rdlock(l)
#define naive_lock_give(l) pthread_rwlock_unlock(l)
#else
typedef uint32_t naive_lock;
#define naive_lock_init(l) ((void)0)
#define naive_lock_share(l) naive_lock_take(l)

static inline void naive_lock_take(naive_lock *lock)
{
	for (unsigned turn = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0; turn++) {
		while (__atomic_load_n(lock, __ATOMIC_RELAXED) != 0)
			naive_wait(turn++);
	}
}

static inline void naive_lock_give(naive_lock *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}
#endif

#endif
