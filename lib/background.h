/* The background thread: see background.c. */
#ifndef LSH_BACKGROUND_H
#define LSH_BACKGROUND_H

#include <stdbool.h>

/* Tells the background thread that there is work, if it sleeps.  Outside guards. */
void lsh_background_poke(void);

/* Does what the background thread would do next, here and now; `all`: with the deferred decrements of
 * entries in use, too. */
enum lsh_pass_found { LSH_PASS_NOTHING, LSH_PASS_SOME, LSH_PASS_MORE } lsh_background_pass(bool all);

/* Ends the thread; it starts again on demand. */
void lsh_background_stop(void);

void lsh_background_lock(void);
void lsh_background_unlock(void);
void lsh_background_after_fork(void);

/* Applies what all threads have deferred and takes the owners away that stand between it and a death, until nothing waits
 * or other threads keep adding. */
void lsh_background_settle(void);

#endif
