# The front door of a tree that is not configured yet: fetches what is missing, configures, hands
# over. GNU make prefers GNUmakefile, which configure makes from GNUmakefile.am; from then on this
# file rests.

.NOTPARALLEL:

goals = all demo bench-against check check-aarch64 check-abi check-deb check-examples check-fresh \
	check-hostile check-kills check-load \
	check-locks check-matrix check-model check-random check-release check-spares check-stress \
	check-torture deb doc fuzz soak tidy install uninstall installcheck dist distcheck clean
.PHONY: $(goals) bench setup deps
.DEFAULT_GOAL = all

# Under sudo the build stays the user's; only apt-get and the goals that write elsewhere run as
# root.
owner := $(shell stat -c %u .)
ifeq ($(filter-out 0,$(SUDO_UID)),$(owner))
as = setpriv --reuid=$(SUDO_UID) --regid=$(SUDO_GID) --init-groups
endif

$(goals): setup
	+@$(as) $(MAKE) --no-print-directory -f GNUmakefile $(if $(filter install uninstall,$@),all,$@)
	$(if $(filter install uninstall,$@),+@$(MAKE) --no-print-directory -f GNUmakefile $@)

# Standard output belongs to the results.
bench:
	+@$(MAKE) --no-print-directory setup >&2
	+@$(as) $(MAKE) --no-print-directory -f GNUmakefile $@

setup: deps
	@test -f configure || $(as) autoreconf -fi
	@test -f GNUmakefile || $(as) ./configure $(CONFIGURE_FLAGS)

# One line each: how to see that it is there, and the Debian package that brings it.
tool = command -v $(1) >/dev/null 2>&1 || echo $(2);
library = pkg-config --exists '$(1)' 2>/dev/null || echo $(2);

look = $(call tool,cc,gcc) \
	echo '\#include <stdio.h>' | cc -E - >/dev/null 2>&1 || echo libc6-dev; \
	$(call tool,pkg-config,pkg-config) \
	$(call library,jansson >= 2.13,libjansson-dev) \
	$(call library,libunwind-generic,libunwind-dev) \
	$(call library,libseccomp >= 2.5.0,libseccomp-dev) \
	$(call library,libdw >= 0.176,libdw-dev) \
	$(call library,cunit,libcunit1-dev)
# A release brings its configure and needs none of these.
look += test -f configure || { $(call tool,autoconf,autoconf) $(call tool,automake,automake) \
	$(call tool,libtoolize,libtool) };

deps:
	@missing=$$({ $(look) } | tr '\n' ' '); \
	test -n "$$missing" || exit 0; \
	get="apt-get install -y --no-install-recommends $$missing"; \
	if ! command -v apt-get >/dev/null; then echo "please install: $$missing" >&2; exit 1; \
	elif test "$$(id -u)" = 0; then sudo=; \
	elif sudo -n true 2>/dev/null; then sudo=sudo; \
	else echo "missing; please run: sudo $$get" >&2; exit 1; fi; \
	echo "$$sudo apt-get update && $$sudo $$get"; \
	export DEBIAN_FRONTEND=noninteractive; \
	$$sudo apt-get update -q && $$sudo $$get
