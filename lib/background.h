/* The background thread: see background.c. */
#ifndef LSH_BACKGROUND_H
#define LSH_BACKGROUND_H

#include <stdbool.h>

/* Tells the background thread that there is work, if it sleeps.  Outside guards. */
void lsh_background_poke(void);

/* Does what the background thread would do next, here and now.  Returns whether there was anything. */
bool lsh_background_pass(void);

/* Ends the thread; it starts again on demand. */
void lsh_background_stop(void);

void lsh_background_lock(void);
void lsh_background_unlock(void);
void lsh_background_after_fork(void);

#endif
