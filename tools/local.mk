# Programs that are installed.

bin_PROGRAMS = tools/leash-top
tools_leash_top_SOURCES = \
	tools/leash-top.c \
	tools/sample.c tools/sample.h \
	tools/screen.c tools/screen.h
tools_leash_top_LDADD =

# Tools for people who look into processes.

# gdb loads what lies under this name as soon as it meets the library of that name, links followed.
EXTRA_DIST += tools/leash-gdb.py tools/leash_heap.py
gdb_folder = $(DESTDIR)$(datadir)/gdb/auto-load$(libdir)
gdb_find_name = name=`sed -n "s/^library_names='\([^ ]*\) .*/\1/p" lib/libleash.la`

install-data-local: lib/libleash.la
	@$(gdb_find_name); \
	if test -n "$$name"; then \
		$(MKDIR_P) "$(gdb_folder)" && \
		$(INSTALL_DATA) $(srcdir)/tools/leash-gdb.py "$(gdb_folder)/$$name-gdb.py" && \
		$(INSTALL_DATA) $(srcdir)/tools/leash_heap.py "$(gdb_folder)"; \
	fi

uninstall-local:
	@$(gdb_find_name); \
	if test -n "$$name"; then \
		rm -f "$(gdb_folder)/$$name-gdb.py" "$(gdb_folder)/leash_heap.py"; \
	fi
