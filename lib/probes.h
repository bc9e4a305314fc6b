/* Probes: named places in the library at which tracers and debuggers stop, with what happens there as arguments.
 *
 * They are statically defined tracepoints (SystemTap's <sys/sdt.h>) of the provider `leash`, read by gdb, perf, bpftrace
 * and stap; `readelf -n` lists them:
 *
 *      birth                object, name of the type, bytes (without the header)
 *      death                object, name of the type, path
 *      revocation           objects that lose their owner at once
 *      wait                 nanoseconds for which a birth was held up
 *      collection_begin     generation
 *      collection_phase     generation, name of the phase
 *      collection_end       generation, objects visited, objects reclaimed, nanoseconds
 *
 * A new object's payload may be yet to be cleared.  A death's path is who saw the count end: "owner", "shared" (another
 * thread's release), "deferred" (a flush, an eviction), "revoked", "collected".  The object is whole still; one that a
 * finalizer brings back dies again later.  The phases of a collection come once for each part of the suspects:
 * "snapshot", "readings", "commit", "sever".  Names end with a 0.
 *
 * Each has a counter of those who listen, which they raise; while it is 0 a probe is a load and a branch, and its arguments
 * are not even made.  That is still too much where births and deaths are fast.  There a birth has a probe
 * without the question, which is one instruction that does nothing, since its arguments are at hand; and a death asks for
 * listeners with the same load as for what it has to ask for anyway (lsh_detour, heap.h), and takes the long way.
 */
#ifndef LSH_PROBES_H
#define LSH_PROBES_H

#include <stdint.h>

#include "track.h"
#include "type.h"

#ifdef LEASH_PROBES
#define LSH_PROBES(each)       \
	each(birth)            \
	each(revocation)       \
	each(wait)             \
	each(collection_begin) \
	each(collection_phase) \
	each(collection_end)
#define LSH_LISTENERS(name) extern unsigned short leash_##name##_semaphore LSH_HIDDEN;
LSH_PROBES(LSH_LISTENERS)
LSH_LISTENERS(death)

#define _SDT_HAS_SEMAPHORES 1
#define SDT_USE_VARIADIC    1
#include <sys/sdt.h>

#define LSH_PROBE_UNASKED(name, ...) STAP_PROBEV(leash, name, __VA_ARGS__)
#define LSH_PROBE(name, ...)                                                                           \
	do {                                                                                           \
		if (__builtin_expect(__atomic_load_n(&leash_##name##_semaphore, __ATOMIC_RELAXED), 0)) \
			LSH_PROBE_UNASKED(name, __VA_ARGS__);                                          \
	} while (0)
#else
#define LSH_PROBE_UNASKED(name, ...) ((void)0)
#define LSH_PROBE(name, ...)         ((void)0)
#endif

#define LSH_PROBE_DEATH(h, path) LSH_PROBE(death, (h) + 1, lsh_type_of(h)->type->name, path)

#endif
