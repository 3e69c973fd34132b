# The guide. Its programs are those of examples/: tests/guide_test.sh.
nobase_dist_doc_DATA += doc/guide/index.md doc/guide/coming-from.md doc/guide/limits.md
nobase_dist_doc_DATA += doc/guide/01-first-programs.md doc/guide/02-how-a-task-ends.md doc/guide/03-cancelling-well.md
nobase_dist_doc_DATA += doc/guide/04-what-a-child-has.md doc/guide/05-crashes-as-values.md doc/guide/06-pools.md
nobase_dist_doc_DATA += doc/guide/07-sandboxing-a-parser.md doc/guide/08-event-loops.md doc/guide/09-servers.md
nobase_dist_doc_DATA += doc/guide/10-testing.md doc/guide/11-debugging.md

# Guide, manual and papers as pages with a search.
EXTRA_DIST += doc/site.sh
.PHONY: doc
doc: $(manual).stamp
	@sh $(srcdir)/doc/site.sh $(srcdir) $(manual) doc-site
