# One line an example: `noinst_PROGRAMS += examples/01_hello`. Its source is examples/01_hello.c.
# Examples are linked like any user's program: with the library, not with its parts.

LDADD = libforkscope.la $(JANSSON_LIBS)

.PHONY: demo
demo: all
	@$(SHELL) $(srcdir)/examples/demo.sh
