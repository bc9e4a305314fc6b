# The library, its public headers, and its copy with test points.

leashincludedir = $(includedir)/leash
leashinclude_HEADERS = \
	include/leash/abi.h \
	include/leash/class.hpp \
	include/leash/collect.h \
	include/leash/count.h \
	include/leash/field.h \
	include/leash/leash.h \
	include/leash/leash.hpp \
	include/leash/object.h \
	include/leash/scope.h \
	include/leash/see.h \
	include/leash/slot.h \
	include/leash/stock.h \
	include/leash/type.h \
	include/leash/version.h \
	include/leash/weak.h

library_sources = \
	lib/ask.c \
	lib/background.c lib/background.h \
	lib/blocks.c lib/blocks.h \
	lib/census.c lib/census.h \
	lib/collect/append.h \
	lib/collect/array.c lib/collect/array.h \
	lib/collect/collector.c lib/collect/collector.h \
	lib/collect/commit.c \
	lib/collect/graph.c lib/collect/graph.h \
	lib/collect/list.c lib/collect/list.h \
	lib/collect/places.c lib/collect/places.h \
	lib/collect/questions.c \
	lib/collect/round.c lib/collect/round.h \
	lib/collect/suspects.c lib/collect/suspects.h \
	lib/collect/verdict.c lib/collect/verdict.h \
	lib/count.c lib/count.h \
	lib/death.c lib/death.h \
	lib/deferred.c lib/deferred.h \
	lib/fault.c lib/fault.h \
	lib/field.c \
	lib/finalizers.c lib/finalizers.h \
	lib/for_readers.c lib/for_readers.h \
	lib/groups.c lib/groups.h \
	lib/readers.c lib/readers.h \
	lib/shown.c lib/shown.h \
	lib/fork.c lib/fork.h \
	lib/handoff.c \
	lib/harden.c lib/harden.h \
	lib/heap.c lib/heap.h \
	lib/limbo.c lib/limbo.h \
	lib/lock.c lib/lock.h \
	lib/object.c \
	lib/options.c lib/options.h \
	lib/points.h \
	lib/probes.c lib/probes.h \
	lib/retire.c \
	lib/revoke.c lib/revoke.h \
	lib/see/advice.c lib/see/advice.h \
	lib/see/around.c lib/see/around.h \
	lib/see/cycles.c lib/see/cycles.h \
	lib/see/debugger.c lib/see/debugger.h \
	lib/see/dump.c lib/see/dump.h \
	lib/see/dump_graphviz.c \
	lib/see/dump_json.c \
	lib/see/field_name.c lib/see/field_name.h \
	lib/see/histogram.c lib/see/histogram.h \
	lib/see/image.c lib/see/image.h \
	lib/see/leaks.c \
	lib/see/map_key.c lib/see/map_key.h \
	lib/see/neighbours.c \
	lib/see/path.c lib/see/path.h \
	lib/see/print.c \
	lib/see/quote.c lib/see/quote.h \
	lib/see/socket.c lib/see/socket.h \
	lib/see/statistics.c lib/see/statistics.h \
	lib/see/summary.c lib/see/summary.h \
	lib/see/why.c lib/see/why.h \
	lib/shutdown.c lib/shutdown.h \
	lib/slot.c lib/slot.h \
	lib/stock/array.c \
	lib/stock/key_map.c \
	lib/stock/map.c \
	lib/stock/string.c \
	lib/stock/table.c lib/stock/table.h \
	lib/stock/watched.c lib/stock/watched.h \
	lib/stock/weak_map.c \
	lib/stock/weak_set.c \
	lib/thread.c lib/thread.h \
	lib/track.h \
	lib/type.c lib/type.h \
	lib/weak.c lib/weak.h \
	lib/words.h \
	lib/worker.c lib/worker.h

# config.h comes first in every file by itself: none can forget it and see other structures.
# -iquote: our private type.h or object.h is never found by a <type.h> of another library.
project_cppflags = -include config.h $(AM_CPPFLAGS) -iquote $(top_srcdir)/lib
library_cppflags = $(project_cppflags) $(LIBURCU_CFLAGS)
library_cflags = $(AM_CFLAGS) -fvisibility=hidden -ftls-model=initial-exec $(INTERPOSITION_CFLAGS)

lib_LTLIBRARIES = lib/libleash.la
lib_libleash_la_SOURCES = $(library_sources)
lib_libleash_la_CPPFLAGS = $(library_cppflags)
lib_libleash_la_CFLAGS = $(library_cflags)
lib_libleash_la_LIBADD = $(LIBURCU_LIBS)

# The interface has a number, the first of -version-info CURRENT:REVISION:AGE less the third; programs are bound to it by
# the name of the library, libleash.so.0.  For a release:
#
#       only code has changed                              REVISION + 1
#       functions were added, nothing else                 CURRENT + 1, REVISION 0, AGE + 1
#       a function, a type or a number of the header has   CURRENT + 1, REVISION 0, AGE 0: another library, another
#       gone, or means something else                      package (debian/), and another node in libleash.map
#
# What inlined code knows besides functions is the layout in <leash/abi.h>.  Its number is at the end of leash__self_1: if the
# layout changes, that becomes leash__self_2, so that programs compiled before do not start instead of going wrong, and
# that is a function gone.  What is exported stands in libleash.map and, with the version that brought it, in
# debian/libleash0.symbols.  tests/shared-library.sh and tests/version.sh hold all this together.

# nodelete: threads, destructors of thread-local storage and cached types do not survive dlclose.
# defs: an unresolved symbol is an error here and not in the user's link, except under sanitizers,
# whose runtime lives in the program.
lib_libleash_la_LDFLAGS = -pthread -version-info 0:0:0 $(SANITIZER_CFLAGS) \
	-Wl,--version-script=$(top_srcdir)/lib/libleash.map -Wl,-z,nodelete
if !SANITIZED
lib_libleash_la_LDFLAGS += -Wl,-z,defs
endif
EXTRA_lib_libleash_la_DEPENDENCIES = lib/libleash.map
EXTRA_DIST += lib/libleash.map

# The same with test points compiled in, linked statically: its user also sees hidden symbols.
check_LTLIBRARIES += lib/libleash-points.la
lib_libleash_points_la_SOURCES = $(library_sources)
lib_libleash_points_la_CPPFLAGS = $(points_cppflags)
lib_libleash_points_la_CFLAGS = $(library_cflags)
lib_libleash_points_la_LIBADD = $(LIBURCU_LIBS)
lib_libleash_points_la_LIBTOOLFLAGS = --tag=disable-shared
