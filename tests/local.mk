# Tests. They speak TAP and run under automake's driver (`make check`) or `make prove`.
#
# To add one in C: write tests/test-name.c with tests/tap.h, and add its line to c_tests.
# One that needs hidden symbols or test points takes the library's other copy, with two lines more:
#     tests_test_name_CPPFLAGS = $(points_cppflags)
#     tests_test_name_LDADD = $(points_ldadd)
# One in C++ is tests/test-name.cc, in cxx_tests, with its source named below.
# To add a script: write tests/name.sh with tests/tap.sh, and add its line to test_scripts.

c_tests = \
	tests/stress \
	tests/stress-collect \
	tests/stress-transfer \
	tests/tap-self \
	tests/test-advice \
	tests/test-allocation \
	tests/test-birth \
	tests/test-census \
	tests/test-collect \
	tests/test-collect-array \
	tests/test-collect-control \
	tests/test-collect-finalize \
	tests/test-collect-fork \
	tests/test-collect-interleave \
	tests/test-collect-owners \
	tests/test-collect-threads \
	tests/test-count \
	tests/test-credit \
	tests/test-death \
	tests/test-dlopen \
	tests/test-dump \
	tests/test-dump-interleave \
	tests/test-field \
	tests/test-fork \
	tests/test-hooks \
	tests/test-interleave \
	tests/test-leaf \
	tests/test-leaks \
	tests/test-misuse \
	tests/test-options \
	tests/test-reaper \
	tests/test-revoke \
	tests/test-scope \
	tests/test-see \
	tests/test-server-channels \
	tests/test-server-channels-naive \
	tests/test-server-keys \
	tests/test-server-naive \
	tests/test-server-values \
	tests/test-server-parse \
	tests/test-server-parse-redis \
	tests/test-slot \
	tests/test-slot-fork \
	tests/test-slot-leaves \
	tests/test-slot-threads \
	tests/test-socket \
	tests/test-stats \
	tests/test-stock-allocation \
	tests/test-stock-array \
	tests/test-stock-array-interleave \
	tests/test-stock-map \
	tests/test-stock-key-map \
	tests/test-stock-string \
	tests/test-stock-weak-map \
	tests/test-stock-weak-set \
	tests/test-thread \
	tests/test-transfer \
	tests/test-type \
	tests/test-watch-threads \
	tests/test-wakeups \
	tests/test-weak \
	tests/test-weak-threads \
	tests/test-why \
	tests/test-why-interleave

# Randomised tests, of the library's copy with test points.  STRESS_SECONDS=60 has each configuration run
# longer, STRESS_SEED=number repeats one: see tests/stress-play.c.
stress_sources = \
	tests/scheduler.c tests/scheduler.h \
	tests/stress-kinds.c \
	tests/stress-mailbox.c \
	tests/stress-oracle.c tests/stress-oracle.h \
	tests/stress-play.c tests/stress-play.h \
	tests/stress-record.c tests/stress-record.h \
	tests/stress-shapes.c tests/stress-shapes.h
tests_stress_SOURCES = tests/stress.c tests/stress-acts.c tests/stress-acts.h $(stress_sources)
tests_stress_CPPFLAGS = $(points_cppflags)
tests_stress_LDADD = $(points_ldadd)
tests_stress_collect_SOURCES = tests/stress-collect.c tests/stress-collect.h tests/stress-chase.c \
	tests/stress-acts.c tests/stress-acts.h tests/stress-graph.c tests/stress-graph.h \
	tests/stress-graph-kinds.c tests/stress-graph-see.c tests/stress-graph-slot.c tests/stress-graph-weak.c \
	tests/stress-shadow.c tests/stress-shapes.c tests/stress-shapes.h tests/stress-mailbox.c tests/stress-oracle.h \
	tests/stress-play.c tests/stress-play.h tests/scheduler.c tests/scheduler.h
tests_stress_collect_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_stress_collect_LDADD = $(points_ldadd) $(LIBURCU_LIBS)
tests_stress_transfer_SOURCES = tests/stress-transfer.c $(stress_sources)
tests_stress_transfer_CPPFLAGS = $(points_cppflags)
tests_stress_transfer_LDADD = $(points_ldadd)
tests_test_allocation_CPPFLAGS = $(points_cppflags)
tests_test_allocation_LDADD = $(points_ldadd)
tests_test_census_CPPFLAGS = $(points_cppflags)
tests_test_census_LDADD = $(points_ldadd)
tests_test_collect_array_CPPFLAGS = $(points_cppflags)
tests_test_collect_array_LDADD = $(points_ldadd)
tests_test_collect_interleave_CPPFLAGS = $(points_cppflags)
tests_test_collect_interleave_LDADD = $(points_ldadd)
tests_test_stock_allocation_CPPFLAGS = $(points_cppflags)
tests_test_stock_allocation_LDADD = $(points_ldadd)
tests_test_stock_array_interleave_CPPFLAGS = $(points_cppflags)
tests_test_stock_array_interleave_LDADD = $(points_ldadd)
tests_test_interleave_CPPFLAGS = $(points_cppflags)
tests_test_interleave_LDADD = $(points_ldadd)
tests_test_dump_interleave_CPPFLAGS = $(points_cppflags)
tests_test_dump_interleave_LDADD = $(points_ldadd)
tests_test_slot_fork_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_test_slot_fork_LDADD = $(points_ldadd) $(LIBURCU_LIBS)
tests_test_slot_leaves_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_test_slot_leaves_LDADD = $(points_ldadd) $(LIBURCU_LIBS)
tests_test_slot_threads_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_test_slot_threads_LDADD = $(points_ldadd) $(LIBURCU_LIBS)
tests_test_wakeups_CPPFLAGS = $(points_cppflags)
tests_test_wakeups_LDADD = $(points_ldadd)
tests_test_why_interleave_CPPFLAGS = $(points_cppflags)
tests_test_why_interleave_LDADD = $(points_ldadd)
tests_test_watch_threads_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_test_watch_threads_LDADD = $(points_ldadd) $(LIBURCU_LIBS)
tests_test_weak_threads_CPPFLAGS = $(points_cppflags) $(LIBURCU_CFLAGS)
tests_test_weak_threads_LDADD = $(points_ldadd) $(LIBURCU_LIBS)

# Malloc fails in it when it says so.
tests_test_server_parse_SOURCES = tests/test-server-parse.c examples/server/parse.c examples/server/parse.h
tests_test_server_parse_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=realloc
tests_test_server_parse_LDADD = tests/libtap.la
tests_test_server_parse_redis_SOURCES = tests/test-server-parse-redis.c examples/server/parse.c examples/server/parse.h
tests_test_server_parse_redis_LDADD = tests/libtap.la

# It loads the library late: it must not be linked with it, nor with jemalloc.
tests_test_dlopen_LDADD = tests/libtap.la

tests_test_collect_control_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_collect_control_LDADD = $(LDADD) $(LIBURCU_LIBS)

# Parts of the example server, without its loops.
server_values = \
	examples/server/counted.h \
	examples/server/hash.c \
	examples/server/list.c \
	examples/server/parse.c examples/server/parse.h \
	examples/server/text.c \
	examples/server/value.h
server_channels = tests/test-server-channels.c \
	examples/server/channel.c examples/server/channel.h examples/server/client.h \
	examples/server/subscriptions.c $(server_values)
tests_test_server_channels_SOURCES = $(server_channels)
tests_test_server_channels_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_server_channels_LDADD = $(LDADD) $(LIBURCU_LIBS)
tests_test_server_channels_naive_SOURCES = $(server_channels) $(server_naive_sources)
tests_test_server_channels_naive_CPPFLAGS = $(AM_CPPFLAGS) -DSERVER_NAIVE
tests_test_server_channels_naive_LDADD = tests/libtap.la $(JEMALLOC_LIBS)
tests_test_server_keys_SOURCES = tests/test-server-keys.c examples/server/keys.c examples/server/keys.h $(server_values)
tests_test_server_keys_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_server_keys_LDADD = $(LDADD) $(LIBURCU_LIBS)
tests_test_server_naive_SOURCES = tests/test-server-naive.c $(server_naive_sources)
tests_test_server_naive_CPPFLAGS = $(AM_CPPFLAGS) -DSERVER_NAIVE
tests_test_server_naive_LDADD = tests/libtap.la $(JEMALLOC_LIBS)
tests_test_server_values_SOURCES = tests/test-server-values.c $(server_values)
tests_test_server_values_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_server_values_LDADD = $(LDADD) $(LIBURCU_LIBS)

# Read sections are inlined.
tests_test_slot_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_slot_LDADD = $(LDADD) $(LIBURCU_LIBS)

# It uses liburcu itself, as a program of the library's users may.
tests_test_thread_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_thread_LDADD = $(LDADD) $(LIBURCU_LIBS)

if CXX_WORKS
cxx_tests = \
	tests/test-cxx \
	tests/test-cxx-class \
	tests/test-field-cxx \
	tests/test-thread-cxx \
	tests/test-type-cxx
endif
tests_test_cxx_SOURCES = tests/test-cxx.cc
tests_test_cxx_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_test_cxx_CXXFLAGS = $(AM_CXXFLAGS) -std=c++17
tests_test_cxx_LDADD = $(LDADD) $(LIBURCU_LIBS)
tests_test_cxx_class_SOURCES = tests/test-cxx-class.cc
tests_test_cxx_class_CPPFLAGS = $(points_cppflags)
tests_test_cxx_class_LDADD = $(points_ldadd)
tests_test_field_cxx_SOURCES = tests/test-field-cxx.cc
tests_test_thread_cxx_SOURCES = tests/test-thread-cxx.cc
tests_test_type_cxx_SOURCES = tests/test-type-cxx.cc

# A client of examples/server.
if HIREDIS
server_tests = tests/server-hiredis
endif
tests_server_hiredis_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS)
tests_server_hiredis_LDADD = tests/libtap.la $(HIREDIS_LIBS)

# What tests/gdb.sh looks at.
tests_debugged_CFLAGS = $(AM_CFLAGS) -g
if CXX_WORKS
debugged_cxx = tests/debugged-cxx
endif
tests_debugged_cxx_SOURCES = tests/debugged-cxx.cc
tests_debugged_cxx_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
tests_debugged_cxx_CXXFLAGS = $(AM_CXXFLAGS) -g
tests_debugged_cxx_LDADD = $(LDADD) $(LIBURCU_LIBS)

# What several of them include.
test_headers = \
	tests/crew.h \
	tests/header.h \
	tests/knot.h \
	tests/mortal-weak.h \
	tests/mortal.h \
	tests/parsed.h \
	tests/rewired.h \
	tests/sanitized.h \
	tests/said.h \
	tests/scene.h \
	tests/stops.h \
	tests/tasks.h \
	tests/threads.h \
	tests/wait.h \
	tests/weak-node.h

# Those that run once more, under valgrind: not those that start themselves again (it would be valgrind
# that they start), nor the long ones.
valgrind_tests = \
	tests/tap-self \
	tests/test-collect-finalize \
	tests/test-credit \
	tests/test-field \
	tests/test-hooks \
	tests/test-reaper \
	tests/test-scope \
	tests/test-type \
	tests/test-weak \
	$(cxx_tests)

test_scripts = \
	tests/depgraph.sh \
	tests/guide.sh \
	tests/leash-top.sh \
	tests/server-abuse.sh \
	tests/server-leash.sh \
	tests/server-load.sh \
	tests/server-naive.sh \
	tests/server-soak.sh \
	tests/server.sh \
	tests/statistics.sh \
	tests/tour.sh

# These look at things that a sanitizer does not change: they run in the normal build only.
normal_test_scripts = \
	models/run \
	tests/cross-aarch64.sh \
	tests/cxx-cost.sh \
	tests/debian.sh \
	tests/dist.sh \
	tests/docs.sh \
	tests/dump.sh \
	tests/fuzz.sh \
	tests/gdb.sh \
	tests/harness.sh \
	tests/install.sh \
	tests/pictures.sh \
	tests/probes.sh \
	tests/ratios-smoke.sh \
	tests/readme.sh \
	tests/refused.sh \
	tests/seeing.sh \
	tests/server-bench.sh \
	tests/server-compare-naive.sh \
	tests/server-compare.sh \
	tests/shared-library.sh \
	tests/use-after-death.sh \
	tests/valgrind.sh \
	tests/version.sh

# A program that scripts look at.
check_PROGRAMS += tests/life
EXTRA_DIST += tests/statistics.py

# What the scripts of examples/server run, and what these share.
EXTRA_DIST += \
	tests/resp.py \
	tests/server-abuse.py \
	tests/server-bench.py \
	tests/server-compare.py \
	tests/server-leash.py \
	tests/server-load.py \
	tests/server-soak.py \
	tests/server_commands.py \
	tests/servers.py \
	tests/servers.sh \
	tests/tap.py

check_PROGRAMS += $(c_tests) $(cxx_tests) $(server_tests)
TESTS = $(c_tests) $(cxx_tests) $(server_tests) $(test_scripts)
if !SANITIZED
check_PROGRAMS += bench/ratios $(server_load) tests/debugged $(debugged_cxx)
TESTS += $(normal_test_scripts)
endif
# What tests/fuzz.sh builds, and begins with.
EXTRA_DIST += tests/fuzz-server-parse.c tests/fuzz-server-parse.dict tests/corpus

EXTRA_DIST += tests/consumer/Makefile tests/consumer/consumer.c tests/consumer/consumer.cc
EXTRA_DIST += tests/run tests/tap.sh tests/probes.c tests/use-after-death.c $(test_headers) $(test_scripts) $(normal_test_scripts)

LDADD = tests/libtap.la $(program_ldadd)
points_cppflags = $(library_cppflags) -DLEASH_TEST_POINTS
points_ldadd = tests/libtap.la lib/libleash-points.la $(JEMALLOC_LIBS)

check_LTLIBRARIES += tests/libtap.la
tests_libtap_la_SOURCES = tests/tap.c tests/tap.h
tests_libtap_la_LIBTOOLFLAGS = --tag=disable-shared

TEST_EXTENSIONS = .sh
LOG_COMPILER = $(top_srcdir)/tests/run
SH_LOG_COMPILER = $(LOG_COMPILER)
# --merge: what a test says on stderr stays beside the check that it belongs to.
AM_LOG_DRIVER_FLAGS = --merge
AM_SH_LOG_DRIVER_FLAGS = --merge
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)

if CXX_WORKS
working_cxx = $(CXX)
endif

AM_TESTS_ENVIRONMENT = \
	export srcdir='$(srcdir)'; \
	export CC='$(CC)'; \
	export CXX='$(working_cxx)'; \
	export LEASH_LIBRARY='$(abs_top_builddir)/lib/.libs/libleash.so'; \
	export LEASH_SANITIZER='$(SANITIZER_CFLAGS)'; \
	export LEASH_SOURCES='$(library_sources)'; \
	export LEASH_CFLAGS='$(DEFAULT_INCLUDES) $(project_cppflags) $(library_cflags)'; \
	export VALGRIND_TESTS='$(valgrind_tests)'; \
	export UBSAN_OPTIONS="print_stacktrace=1:$$UBSAN_OPTIONS";

prove: all $(check_LTLIBRARIES) $(check_PROGRAMS)
	@$(AM_TESTS_ENVIRONMENT) prove --exec '$(LOG_COMPILER)' $(PROVEFLAGS) $(TESTS)
