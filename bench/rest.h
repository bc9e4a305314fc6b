/* Until this process does nothing any more: see rest.c.
 */
#ifndef BENCH_REST_H
#define BENCH_REST_H

/* Sleeps until the other threads of the process sleep as well: ten seconds at most. */
void rest(void);

#endif
