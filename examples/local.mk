# Programs that show the library at work, built with everything else.

noinst_PROGRAMS += examples/first
examples_first_SOURCES = examples/first.c
examples_first_LDADD = $(program_ldadd)

noinst_PROGRAMS += examples/depgraph/depgraph
examples_depgraph_depgraph_SOURCES = \
	examples/depgraph/database.c examples/depgraph/database.h \
	examples/depgraph/engine.h \
	examples/depgraph/graph.h \
	examples/depgraph/main.c \
	examples/depgraph/managed.h \
	examples/depgraph/measure.c examples/depgraph/measure.h \
	examples/depgraph/parse.c examples/depgraph/parse.h \
	examples/depgraph/pool.c examples/depgraph/pool.h \
	examples/depgraph/predict.c examples/depgraph/predict.h \
	examples/depgraph/progress.c examples/depgraph/progress.h \
	examples/depgraph/report.c examples/depgraph/report.h \
	examples/depgraph/with_leash.c \
	examples/depgraph/with_naive.c \
	examples/naive.h
examples_depgraph_depgraph_LDADD = $(program_ldadd)

# What with_leash.c and with_naive.c include: compiled twice, and never by itself.
EXTRA_DIST += examples/depgraph/graph.c examples/depgraph/walk.c
