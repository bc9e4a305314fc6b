/* A fixed set of threads that all do the same job at the same time. */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct worker {
	struct pool *pool;
	pthread_t thread;
	unsigned index;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t start, done;
	pool_job *job; /* NULL: end */
	void *arg;
	unsigned round;   /* raised with each job */
	unsigned running; /* threads that have not finished this round's */
	unsigned threads;
	struct worker workers[];
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct pool *pool = worker->pool;
	unsigned seen = 0;

	for (;;) {
		pool_job *job;

		pthread_mutex_lock(&pool->lock);
		while (pool->round == seen)
			pthread_cond_wait(&pool->start, &pool->lock);
		seen = pool->round;
		job = pool->job;
		arg = pool->arg;
		pthread_mutex_unlock(&pool->lock);
		if (job == NULL)
			return NULL;

		job(arg, worker->index);

		pthread_mutex_lock(&pool->lock);
		if (--pool->running == 0)
			pthread_cond_signal(&pool->done);
		pthread_mutex_unlock(&pool->lock);
	}
}

struct pool *pool_new(unsigned threads)
{
	struct pool *pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->workers[0]));

	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->start, NULL);
	pthread_cond_init(&pool->done, NULL);
	while (pool->threads < threads) {
		struct worker *worker = &pool->workers[pool->threads];
		int error;

		worker->pool = pool;
		worker->index = pool->threads;
		error = pthread_create(&worker->thread, NULL, work, worker);
		if (error != 0) {
			pool_free(pool);
			errno = error;
			return NULL;
		}
		pool->threads++;
	}
	return pool;
}

unsigned pool_threads(const struct pool *pool)
{
	return pool->threads;
}

void pool_start(struct pool *pool, pool_job *job, void *arg)
{
	pthread_mutex_lock(&pool->lock);
	pool->job = job;
	pool->arg = arg;
	pool->running = pool->threads;
	pool->round++;
	pthread_cond_broadcast(&pool->start);
	pthread_mutex_unlock(&pool->lock);
}

void pool_wait(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (pool->running != 0)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void pool_run(struct pool *pool, pool_job *job, void *arg)
{
	pool_start(pool, job, arg);
	pool_wait(pool);
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pool_start(pool, NULL, NULL);
	for (unsigned i = 0; i < pool->threads; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_cond_destroy(&pool->done);
	pthread_cond_destroy(&pool->start);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
