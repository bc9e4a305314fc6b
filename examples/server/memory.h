/* The limit on memory. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the program has allocated. */
size_t memory_used(void);

/* Measures, and evicts if that is too much; from time to time, by one thread. */
void memory_look(void);

/* Asked before a command that may need memory, of so many bytes: false if there is too little, and nothing to evict. */
bool memory_allows(size_t sent);

#endif
