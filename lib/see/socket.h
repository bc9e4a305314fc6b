/* The socket on which statistics are served: see socket.c. */
#ifndef LSH_SOCKET_H
#define LSH_SOCKET_H

/* Opens it, if LEASH_OPTIONS asks for one; once. */
void lsh_socket_start(void);

/* Closes and removes it, for good. */
void lsh_socket_stop(void);

/* Around fork(): see fork.c. */
void lsh_socket_lock(void);
void lsh_socket_unlock(void);
void lsh_socket_after_fork(void);

#endif
