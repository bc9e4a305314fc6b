/* What the probes need besides their places: the counters of those who listen, where <sys/sdt.h> wants them. */
#include "heap.h"
#include "probes.h"

#ifdef LEASH_PROBES
#define LISTENERS __attribute__((section(".probes")))
#define DEFINE(name) unsigned short leash_##name##_semaphore LISTENERS;
LSH_PROBES(DEFINE)
extern unsigned short leash_death_semaphore __attribute__((alias("lsh_detour")));
#else
#define LISTENERS
#endif

union lsh_detour lsh_detour LISTENERS;
