# A data server that clients of Redis can talk to.
if LIBUV
noinst_PROGRAMS += examples/server/leash-server
examples_server_leash_server_SOURCES = \
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
examples_server_leash_server_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUV_CFLAGS)
examples_server_leash_server_LDADD = $(program_ldadd) $(LIBUV_LIBS)
endif
