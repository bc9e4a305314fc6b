/* The library across fork(): see fork.c. */
#ifndef LSH_FORK_H
#define LSH_FORK_H

/* Called once, before the first object is made. */
void lsh_fork_start(void);

#endif
