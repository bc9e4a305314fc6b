/* Stands in for comparators that were not compiled because what they need was not found: where they are, they take the
 * place of these.
 */
#include "case.h"

#include <stddef.h>

#define MISSING(what, side, wants)                                                                 \
	__attribute__((weak)) const struct bench_case what = { .name = side, .missing = wants }

MISSING(weak_std, "weak/std", "C++ compiler: install g++");
MISSING(weak_hot_std, "weak-hot/std", "C++ compiler: install g++");
MISSING(slot_hot_std, "slot-hot/std", "std::atomic<std::shared_ptr> of C++20: install g++-12 or later");
MISSING(weak_glib, "weak/glib", "GObject: install libglib2.0-dev");
MISSING(weak_hot_glib, "weak-hot/glib", "GObject: install libglib2.0-dev");
MISSING(weak_map_glib, "weak-map/glib", "GObject: install libglib2.0-dev");
