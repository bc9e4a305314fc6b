/* A second thread that does what it is told: see hand.h.
 */
#include "hand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void sleep_until(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		;
}

static void *life_of(void *arg)
{
	struct hand *hand = arg;

	for (;;) {
		sleep_until(&hand->go);
		if (hand->work == NULL)
			return NULL;
		hand->work(hand->arg);
		sem_post(&hand->done);
	}
}

void hand_start(struct hand *hand)
{
	sem_init(&hand->go, 0, 0);
	sem_init(&hand->done, 0, 0);
	if (pthread_create(&hand->thread, NULL, life_of, hand) != 0) {
		perror("bench: pthread_create");
		exit(1);
	}
}

void hand_give(struct hand *hand, void (*work)(void *arg), void *arg)
{
	hand->work = work;
	hand->arg = arg;
	sem_post(&hand->go);
}

void hand_wait(struct hand *hand)
{
	sleep_until(&hand->done);
}

void hand_do(struct hand *hand, void (*work)(void *arg), void *arg)
{
	hand_give(hand, work, arg);
	hand_wait(hand);
}

void hand_stop(struct hand *hand)
{
	hand_give(hand, NULL, NULL);
	pthread_join(hand->thread, NULL);
	sem_destroy(&hand->go);
	sem_destroy(&hand->done);
}
