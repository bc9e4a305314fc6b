/* A second thread that does what it is told and otherwise sleeps in the kernel.
 *
 * The benchmarks need threads that stay alive between two pieces of work: the owner of an object that
 * others use, the receiver of a hand-over, the threads that meet at one object.
 *
 * Thread safety: one thread gives orders to a hand, and waits for each before the next.
 */
#ifndef BENCH_HAND_H
#define BENCH_HAND_H

#include <pthread.h>
#include <semaphore.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hand {
	pthread_t thread;
	sem_t go, done;
	void (*work)(void *arg); /* NULL: go home */
	void *arg;
};

/* Ends the program when the system has no thread or memory left: there is nothing to measure then. */
void hand_start(struct hand *hand);
/* Begins work(arg) on the hand and returns at once. */
void hand_give(struct hand *hand, void (*work)(void *arg), void *arg);
/* Returns when it is done; sleeps until then. */
void hand_wait(struct hand *hand);
/* Both. */
void hand_do(struct hand *hand, void (*work)(void *arg), void *arg);
void hand_stop(struct hand *hand);

#ifdef __cplusplus
}
#endif

#endif
