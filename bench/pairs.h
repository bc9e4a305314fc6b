/* The smallest garbage that counting cannot see: two objects that refer to each other.
 *
 * The objects have 32 bytes of payload, as the other benchmarks' have, and one reference.
 */
#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

/* Makes `objects` of them, an even number, and drops each pair as soon as it is complete. */
void pairs_drop(long objects);

#endif
