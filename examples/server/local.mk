# A data server that clients of Redis can talk to.
server_sources = \
	examples/server/channel.c examples/server/channel.h \
	examples/server/client.c examples/server/client.h \
	examples/server/commands-channel.c \
	examples/server/commands-hash.c \
	examples/server/commands-key.c \
	examples/server/commands-leash.c \
	examples/server/commands-list.c \
	examples/server/commands-server.c \
	examples/server/commands-text.c \
	examples/server/commands.c examples/server/commands.h \
	examples/server/connection.h \
	examples/server/counted.h \
	examples/server/expect.c examples/server/expect.h \
	examples/server/glob.c \
	examples/server/hash.c \
	examples/server/keys.c examples/server/keys.h \
	examples/server/list.c \
	examples/server/loop.c examples/server/loop.h \
	examples/server/main.c \
	examples/server/memory.c examples/server/memory.h \
	examples/server/names.c examples/server/names.h \
	examples/server/output.c examples/server/output.h \
	examples/server/parse.c examples/server/parse.h \
	examples/server/reply.c \
	examples/server/server.h \
	examples/server/session.c \
	examples/server/subscriptions.c \
	examples/server/text.c \
	examples/server/value.h

# What the naive server has instead of the library.
server_naive_sources = \
	examples/naive.h \
	examples/server/naive/answers.c \
	examples/server/naive/array.c \
	examples/server/naive/counted.h \
	examples/server/naive/entries.c examples/server/naive/entries.h \
	examples/server/naive/hash.h \
	examples/server/naive/lock.h \
	examples/server/naive/map.c \
	examples/server/naive/slot.h \
	examples/server/naive/table.c examples/server/naive/table.h \
	examples/server/naive/weak.h \
	examples/server/naive/weak_map.c \
	examples/server/naive/weak_set.c

if LIBUV
noinst_PROGRAMS += examples/server/leash-server
examples_server_leash_server_SOURCES = $(server_sources)
examples_server_leash_server_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUV_CFLAGS)
examples_server_leash_server_LDADD = $(program_ldadd) $(LIBUV_LIBS)

# The same over one atomic counter an object, without the library, for comparison.
noinst_PROGRAMS += examples/server/leash-server-naive
examples_server_leash_server_naive_SOURCES = $(server_sources) $(server_naive_sources)
examples_server_leash_server_naive_CPPFLAGS = $(AM_CPPFLAGS) -DSERVER_NAIVE $(LIBUV_CFLAGS)
examples_server_leash_server_naive_LDADD = $(JEMALLOC_LIBS) $(LIBUV_LIBS)
endif
