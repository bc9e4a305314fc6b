/* A case: one thing that can be timed, as a loop of n operations in C.
 *
 * The same cases serve two programs: bench/ratios times them alternately and prints quotients,
 * bench/gbench gives them to Google Benchmark.  Each family of cases is one file, case-*.c, with our
 * side and its comparators next to each other, so that a reader can check that they do the same work.
 *
 *     begin     once, on the thread that will run the case (or the first of them)
 *     prepare   before each timed stretch, untimed; on the same thread
 *     run       n operations, timed; on `threads` threads at once if the case allows more than one
 *     end       once, on the thread of begin
 *
 * A case keeps its state in static variables: it is begun once before it is ended.
 */
#ifndef BENCH_CASE_H
#define BENCH_CASE_H

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_MAX_THREADS 64

struct bench_case {
	const char *name; /* family/side[/argument] */
	void (*begin)(const struct bench_case *self);
	void (*prepare)(const struct bench_case *self, long n);
	void (*run)(const struct bench_case *self, long n, int thread);
	void (*end)(const struct bench_case *self);
	const void *with; /* the argument, a constant of the family's own kind */
	long slice;       /* operations in one slice of bench/ratios: a few milliseconds */
	int exact;        /* run() is only ever called with n == slice */
	int shared;       /* several threads may run it at once */
	int sleeps;       /* its threads may sleep in the kernel until another is done */
	const char *missing; /* not NULL: there is nothing to run; what it needs, and how to get it */
};

/* Nothing may be moved across it, and memory is read and written anew. */
#define bench_barrier() __asm__ volatile("" ::: "memory")

/* The compiler must assume that somebody looks at what the pointer points to. */
#define bench_keep(pointer) __asm__ volatile("" : "+r"(pointer) : : "memory")

/* case-pair.c */
extern const struct bench_case pair_leash, pair_naive, pair_plain;
extern const struct bench_case set_leash, set_naive;
/* case-foreign.c */
extern const struct bench_case cold_leash, cold_naive;
extern const struct bench_case hot_leash, hot_naive, hot_private;
/* case-weak.c, case-weak-std.cc, case-weak-glib.c */
extern const struct bench_case weak_leash, weak_std, weak_glib;
extern const struct bench_case weak_hot_leash, weak_hot_std, weak_hot_glib;
/* case-slot.c, case-slot-std.cc */
extern const struct bench_case slot_leash, slot_hot_leash, slot_hot_std, peek_leash;
/* case-map.c, case-map-glib.c */
extern const struct bench_case weak_map_leash, weak_map_glib;
/* case-birth.c */
extern const struct bench_case birth_leash, birth_malloc, births_leash, births_malloc;
extern const struct bench_case birth_sizes[];
extern const int birth_size_count;
/* case-transfer.c */
extern const struct bench_case handoff_leash, handoff_naive, transfer_leash, adopt_leash;
extern const struct bench_case chain_builder, chain_foreign;
/* case-cyclic.c */
extern const struct bench_case birth_cyclic, birth_leaf, temp_cyclic, temp_leaf, temps_cyclic, temps_leaf;
/* case-collect.c */
extern const struct bench_case collect_sizes[];
extern const int collect_size_count;

#ifdef __cplusplus
}
#endif
#endif
