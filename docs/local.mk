# Pages for people: Markdown, manual pages, and `make docs`, what doxygen makes of the public headers and of the Markdown.

EXTRA_DIST += \
	docs/Doxyfile \
	docs/README.md \
	docs/debugging.md \
	docs/guide.md \
	docs/porting.md \
	docs/protocol.md \
	docs/headers.sed

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

clean-local:
	rm -rf docs/html
