/* A fixed set of threads that all do the same job at the same time.
 *
 * The threads that build a graph are those that walk it later, as in a server: each of them
 * owns a part of the objects.
 */
#ifndef POOL_H
#define POOL_H

typedef void pool_job(void *arg, unsigned thread);

struct pool;

/* NULL with errno set when the threads cannot be had. */
struct pool *pool_new(unsigned threads);
unsigned pool_threads(const struct pool *pool);

/* Calls job(arg, 0) ... job(arg, threads - 1), each on its own thread, always the same one.
 * pool_wait() returns when all have; one job at a time. */
void pool_start(struct pool *pool, pool_job *job, void *arg);
void pool_wait(struct pool *pool);
void pool_run(struct pool *pool, pool_job *job, void *arg);

/* Ends the threads.  NULL does nothing. */
void pool_free(struct pool *pool);

#endif
