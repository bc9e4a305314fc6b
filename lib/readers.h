/* Waiting for those who may be looking at something without a reference: see readers.c. */
#ifndef LSH_READERS_H
#define LSH_READERS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns when every operation and every read section is over that was under way at the call; false in a child of a fork
 * that cannot wait for readers.  Outside guards and read sections. */
bool lsh_await_readers(void);

/* For who does not wait: a number, and later whether all that was under way when it was given is over.  Somebody has to call
 * lsh_await_readers() meanwhile.  Anywhere. */
uint64_t lsh_readers_ask(void);
bool lsh_readers_over(uint64_t asked);

/* Around fork(): see fork.c. */
void lsh_readers_lock(void);
void lsh_readers_unlock(void);
void lsh_readers_after_fork(void);

#endif
