/* Which processors this process may use, and binding a thread to one of them.
 *
 * Left to itself the system likes to wake a thread on the processor of the one that woke it, and leaves
 * two of ours there as long as another program uses the next one; then they never meet.  Only threads that
 * are timed together are bound, and only meanwhile: threads of the library must inherit nothing.
 */
#ifndef BENCH_PROCESSORS_H
#define BENCH_PROCESSORS_H

#ifdef __cplusplus
extern "C" {
#endif

/* At most BENCH_MAX_THREADS.  To be called first, by an unbound thread. */
int processors_count(void);
/* Binds the calling thread to the n-th of them. */
void processors_bind(int n);
void processors_unbind(void);

#ifdef __cplusplus
}
#endif
#endif
