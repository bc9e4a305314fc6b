# Programs that show the library at work, built with everything else.

noinst_PROGRAMS += examples/first
examples_first_SOURCES = examples/first.c
examples_first_LDADD = $(program_ldadd)

# What docs/seeing.md shows; tests/seeing.sh compares.
noinst_PROGRAMS += examples/seeing
examples_seeing_SOURCES = examples/seeing.c
examples_seeing_LDADD = $(program_ldadd)

# The story of how objects live and die; tests/tour.sh compares what it prints with printed.txt.
noinst_PROGRAMS += examples/tour/tour
examples_tour_tour_SOURCES = \
	examples/tour/cache.c \
	examples/tour/counts.c \
	examples/tour/cycles.c \
	examples/tour/defaults.c \
	examples/tour/labels.c \
	examples/tour/main.c \
	examples/tour/number.c examples/tour/number.h \
	examples/tour/observers.c \
	examples/tour/person.c examples/tour/person.h \
	examples/tour/resource.c \
	examples/tour/threads.c \
	examples/tour/tour.h \
	examples/tour/tree.c \
	examples/tour/user.c examples/tour/user.h \
	examples/tour/weak.c
examples_tour_tour_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
examples_tour_tour_LDADD = $(program_ldadd)
EXTRA_DIST += examples/tour/printed.txt

# What `make pictures` draws of it.
noinst_PROGRAMS += examples/tour/pictures
examples_tour_pictures_SOURCES = \
	examples/tour/number.c examples/tour/number.h \
	examples/tour/person.c examples/tour/person.h \
	examples/tour/pictures.c \
	examples/tour/tour.h \
	examples/tour/user.c examples/tour/user.h
examples_tour_pictures_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)
examples_tour_pictures_LDADD = $(program_ldadd)

# The steps of docs/guide.md: tests/guide.sh compares.
guide_steps = \
	examples/guide/0-naive \
	examples/guide/1-counts \
	examples/guide/2-weak \
	examples/guide/3-map \
	examples/guide/4-slot \
	examples/guide/5-peek
noinst_PROGRAMS += $(guide_steps)
guide_story = examples/guide/story.c examples/guide/wiki.h
examples_guide_0_naive_SOURCES = examples/guide/0-naive.c $(guide_story)
examples_guide_0_naive_LDADD =
examples_guide_1_counts_SOURCES = examples/guide/1-counts.c $(guide_story)
examples_guide_1_counts_LDADD = $(program_ldadd)
examples_guide_2_weak_SOURCES = examples/guide/2-weak.c $(guide_story)
examples_guide_2_weak_LDADD = $(program_ldadd)
examples_guide_3_map_SOURCES = examples/guide/3-map.c $(guide_story)
examples_guide_3_map_LDADD = $(program_ldadd)
examples_guide_4_slot_SOURCES = examples/guide/4-slot.c $(guide_story)
examples_guide_4_slot_LDADD = $(program_ldadd)
examples_guide_5_peek_SOURCES = examples/guide/5-peek.c $(guide_story)
examples_guide_5_peek_LDADD = $(program_ldadd) $(LIBURCU_LIBS)
examples_guide_5_peek_CPPFLAGS = $(AM_CPPFLAGS) $(LIBURCU_CFLAGS)

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

# A cycle that each Debian system has, for a picture.
EXTRA_DIST += examples/depgraph/libc6

include examples/server/local.mk
