# Programs that are installed.

bin_PROGRAMS = tools/leash-top
tools_leash_top_SOURCES = \
	tools/leash-top.c \
	tools/sample.c tools/sample.h \
	tools/screen.c tools/screen.h
tools_leash_top_LDADD =
