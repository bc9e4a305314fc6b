/* leash_shutdown: see shutdown.c. */
#ifndef LSH_SHUTDOWN_H
#define LSH_SHUTDOWN_H

/* In the child of a fork: a shutdown that was running in the parent is not running here. */
void lsh_shutdown_after_fork(void);

#endif
