# Benchmarks. `make` does not build them; `make ratios` and `make bench` do, and run them.
#
# To add a case: write it beside its comparators in bench/case-*.c, name it in bench/case.h, list it in
# bench/gbench.cc; to add a measure, one line in the table of bench/ratios.c.

bench_cases = \
	bench/case-birth.c \
	bench/case-collect.c \
	bench/case-cyclic.c \
	bench/case-foreign.c \
	bench/case-map.c \
	bench/case-pair.c \
	bench/case-slot.c \
	bench/case-transfer.c \
	bench/case-weak.c \
	bench/case.h \
	bench/hand.c bench/hand.h \
	bench/map.h \
	bench/missing.c \
	bench/naive.h \
	bench/pairs.c bench/pairs.h \
	bench/plain.h \
	bench/pool.h \
	bench/processors.c bench/processors.h \
	bench/rest.c bench/rest.h \
	bench/ring.c bench/ring.h

# Comparators that need more than the library does; bench/missing.c stands in for those that are not compiled.
if CXX_WORKS
bench_cases += bench/case-slot-std.cc bench/case-weak-std.cc
endif
if GLIB
bench_cases += bench/case-map-glib.c bench/case-weak-glib.c
endif

# Read sections are inlined: liburcu.
bench_cppflags = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS) $(GLIB_CFLAGS)
bench_ldadd = $(program_ldadd) $(LIBURCU_LIBS) $(GLIB_LIBS)
bench_cxxflags = $(AM_CXXFLAGS) $(CXX20_CXXFLAGS)

EXTRA_PROGRAMS += bench/ratios
bench_ratios_SOURCES = $(bench_cases) \
	bench/alternate.c \
	bench/clock.h \
	bench/measure-boehm.c \
	bench/measure-churn.c \
	bench/measure-cpython.c \
	bench/measure-depgraph.c \
	bench/measure-header.c \
	bench/measure-hub.c \
	bench/measure-pause.c \
	bench/measure-snapshot.c \
	bench/measure-untouched.c \
	bench/measure.h \
	bench/program.c bench/program.h \
	bench/quantile.c bench/quantile.h \
	bench/ratios.c \
	bench/slice.c bench/slice.h
bench_ratios_CPPFLAGS = -include config.h $(bench_cppflags)
bench_ratios_CXXFLAGS = $(bench_cxxflags)
bench_ratios_LDADD = $(bench_ldadd)
# Without a C++ compiler it is a C program.
if CXX_WORKS
bench_ratios_LINK = $(CXXLINK)
else
bench_ratios_LINK = $(LINK)
endif

# The comparator of cycles_vs_boehm; without libgc, bench/ratios says that it is missing.
EXTRA_PROGRAMS += bench/boehm
bench_boehm_SOURCES = bench/boehm.c bench/clock.h
bench_boehm_CPPFLAGS = $(AM_CPPFLAGS) $(BOEHM_CFLAGS)
bench_boehm_LDADD = $(BOEHM_LIBS)

# Building prints to stderr: stdout has one line a measure and nothing else. RATIOS_FLAGS: see
# bench/ratios.c.
ratios:
	@boehm=bench/boehm$(EXEEXT); test -n "$(BOEHM_LIBS)" || boehm=; \
	$(MAKE) $(AM_MAKEFLAGS) --no-print-directory bench/ratios$(EXEEXT) examples/depgraph/depgraph$(EXEEXT) $$boehm >&2
	@bench/ratios$(EXEEXT) $(RATIOS_FLAGS)

if BENCHMARKS
EXTRA_PROGRAMS += bench/gbench
bench_gbench_SOURCES = $(bench_cases) bench/gbench.cc
bench_gbench_CPPFLAGS = $(bench_cppflags) $(BENCHMARK_CFLAGS)
bench_gbench_CXXFLAGS = $(bench_cxxflags)
bench_gbench_LDADD = $(bench_ldadd) $(BENCHMARK_LIBS)

# BENCH_FLAGS: Google Benchmark's own, such as --benchmark_filter=hot.
bench:
	@$(MAKE) $(AM_MAKEFLAGS) --no-print-directory bench/gbench$(EXEEXT) bench/ratios$(EXEEXT)
	bench/gbench$(EXEEXT) --benchmark_out=bench/results.json --benchmark_out_format=json $(BENCH_FLAGS)
	bench/ratios$(EXEEXT) -r 20 rss_churn
	@if command -v python3 >/dev/null; then \
		python3 $(srcdir)/bench/plot.py bench/results.json bench; \
	else \
		echo "bench: no plots: install python3 (Debian's name)" >&2; exit 1; \
	fi
else
bench:
	@echo "bench: configured without Google Benchmark: install libbenchmark-dev and g++ (Debian's names), then configure again" >&2
	@exit 1
endif

# examples/server beside redis-server.  SERVER_BENCH_FLAGS: bench/server.py --help.
if HIREDIS
EXTRA_PROGRAMS += bench/server-load
bench_server_load_SOURCES = bench/server-load.c bench/clock.h
bench_server_load_CPPFLAGS = $(AM_CPPFLAGS) $(HIREDIS_CFLAGS)
bench_server_load_LDADD = $(HIREDIS_LIBS)
server_load = bench/server-load
endif

.PHONY: server-bench server-figures
server-bench:
	@$(MAKE) $(AM_MAKEFLAGS) --no-print-directory all $(server_load) >&2
	@python3 $(srcdir)/bench/server.py $(SERVER_BENCH_FLAGS) bench

# What it has measured and drawn becomes that of docs/server.md.
server-figures:
	@python3 $(srcdir)/bench/server_table.py bench/server.json $(srcdir)/docs/server.md
	cp bench/server-latency.svg bench/server-requests.svg $(srcdir)/docs/pictures

CLEANFILES += bench/server.json bench/server-latency.svg bench/server-requests.svg
CLEANFILES += bench/results.json bench/costs.svg bench/growth.svg bench/threads.svg
EXTRA_DIST += \
	bench/README.md \
	bench/picture.py \
	bench/plot.py \
	bench/server.py \
	bench/server_latency.py \
	bench/server_plot.py \
	bench/server_requests.py \
	bench/server_table.py
