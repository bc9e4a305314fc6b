# Pages for people: Markdown, manual pages, and `make docs`, what doxygen makes of the public headers and of the Markdown.

EXTRA_DIST += \
	docs/Doxyfile \
	docs/README.md \
	docs/debugging.md \
	docs/guide.md \
	docs/porting.md \
	docs/protocol.md \
	docs/headers.sed \
	docs/seeing.md \
	docs/server.md \
	docs/pictures/server-latency.svg \
	docs/pictures/server-requests.svg \
	$(pictures) $(pictures:.svg=.dot)

dist_man_MANS = \
	docs/man/leash-top.1 \
	docs/man/leash.3 \
	docs/man/leash.7

docs_html = $(abs_builddir)/docs/html

.PHONY: docs
docs:
	@test -n '$(DOXYGEN)' || { echo 'doxygen not found: install doxygen (its name in Debian, too)' >&2; exit 1; }
	@$(MKDIR_P) '$(docs_html)'
	$(AM_V_GEN)cd '$(srcdir)' && { cat docs/Doxyfile; \
		echo 'PROJECT_NUMBER = $(PACKAGE_VERSION)'; \
		echo 'OUTPUT_DIRECTORY = "$(docs_html)"'; \
		echo 'GENERATE_TAGFILE = "$(docs_html)/leash.tag"'; } | $(DOXYGEN) -

# Drawn by the examples, and kept with the sources: not each reader has dot.  tests/pictures.sh sees that they are what
# the examples draw.
pictures = \
	docs/pictures/cache.svg \
	docs/pictures/cache-later.svg \
	docs/pictures/chain.svg \
	docs/pictures/depgraph.svg \
	docs/pictures/friends.svg \
	docs/pictures/friends-alone.svg \
	docs/pictures/friends-collected.svg \
	docs/pictures/labels.svg \
	docs/pictures/server.svg

DOT = dot
pictures_folder = $(srcdir)/docs/pictures
without_addresses = s/0x[0-9a-f]*, //

.PHONY: pictures graphs
graphs: examples/seeing examples/tour/pictures examples/depgraph/depgraph
	@$(MKDIR_P) '$(pictures_folder)'
	$(AM_V_GEN)examples/tour/pictures '$(pictures_folder)'
	$(AM_V_at)examples/seeing graphviz | sed '$(without_addresses)' >'$(pictures_folder)/server.dot'
	$(AM_V_at)examples/depgraph/depgraph -t 1 -d 0.01 --ratio --picture='$(pictures_folder)/depgraph.tmp' \
		'$(srcdir)/examples/depgraph/libc6' >/dev/null
	$(AM_V_at)sed '$(without_addresses)' '$(pictures_folder)/depgraph.tmp' >'$(pictures_folder)/depgraph.dot'
	$(AM_V_at)rm '$(pictures_folder)/depgraph.tmp'

pictures: graphs
	@command -v '$(DOT)' >/dev/null || { echo 'dot not found: install graphviz (its name in Debian, too)' >&2; exit 1; }
	$(AM_V_GEN)for picture in $(pictures); do \
		name=`basename $$picture .svg`; \
		$(DOT) -Tsvg -o '$(pictures_folder)'/$$name.svg '$(pictures_folder)'/$$name.dot || exit; \
	done

clean-local:
	rm -rf docs/html
