# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole build. `make help` lists the targets. Variables can be set on the
# command line or in an untracked config.mk.

-include config.mk

VERSION := 0.1.0

O ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# ---- source lists: what is not named here is in no program ----

in = $(patsubst %,$(1)/%.c,$(2))

programs := sallyport sallyport-unpack sallyport-check sallyport-verify \
	sallyport-escape sallyport-builder sallyport-metadata

# What every program needs, and what every jailed one adds.
base := $(call in,src/base,error reason text io)
jail := $(call in,src/base,sandbox sandbox-calls) src/ingest/jails.c
worker := $(jail) src/ingest/worker.c $(call in,src/bundle,record nevra)
transports := $(call in,transports,transport file stdio)
speech := $(call in,cli,command command-parse command-help nearest options \
	terminal progress result advice)

# Behind each list stands what its program may be linked with besides libc;
# `make check-links` compares with the table in tests/lint/links.sh.

sallyport_src := cli/sallyport.c $(base) $(jail) $(transports) $(speech) \
	$(call in,cli,cmd-ingest cmd-verify cmd-status cmd-history cmd-rollback \
	cmd-doctor cmd-explain cmd-request consent listen present table \
	render-json) \
	$(call in,src/ingest,receive engine feed crew ledger judge verifier overview \
	policy floor quarantine generation index publish state history keyhome \
	doctor doctor-jails ask pending rpmdb repofiles) \
	$(call in,src/bundle,record nevra request request-key request-print) \
	$(call in,src/base,path lines json sha256 evr spawn spawn-kept spawn-run \
	spawn-sweep)
sallyport_libs :=

sallyport-unpack_src := cli/unpack.c $(base) $(worker) \
	$(call in,src/ingest,unpack intake) $(call in,src/bundle,gate tar)
sallyport-unpack_libs := -larchive

sallyport-check_src := cli/check.c $(base) $(worker) \
	$(call in,src/ingest,check check-package entries digest) \
	$(call in,src/bundle,manifest tar rpm rpm-header rpm-prefix sigpacket) \
	src/base/sha256.c
sallyport-check_libs := -lgcrypt -lgpg-error

sallyport-verify_src := cli/verify.c $(base) $(worker) \
	$(call in,src/ingest,verify batch gpg status message keytable make-home) \
	src/bundle/sigpacket.c $(call in,src/base,path sha256)
sallyport-verify_libs := -lgpgme -lgpg-error

sallyport-escape_src := cli/escape.c $(base) $(jail) \
	$(call in,src/ingest,escape escape-files escape-processes escape-kernel) \
	src/base/path.c
sallyport-escape_libs :=

# Without libsolv (WITH_SOLV=0) the builder packs lists and sends bundles.
WITH_SOLV ?= 1
ifeq ($(WITH_SOLV),1)
solver := resolve pool installed match want jobs groups weak near problems solve \
	installonly
solver_libs := -lsolvext -lsolv
else
solver := no-solver
endif

sallyport-builder_src := cli/builder.c $(base) $(transports) $(speech) \
	$(call in,cli,builder-common builder-options builder-build builder-plan table \
	builder-check builder-send) \
	$(call in,src/build,build requests list cache fetch transfer answer \
	ending part head pack send) \
	$(call in,src/build,deliver supply choose selfcheck plan plan-text \
	$(solver)) \
	$(call in,src/build,repofile repovars mirror mirrorlist metadata \
	metadata-mirrors metadata-repomd metadata-files metadata-check jailed \
	evidence armor keys) \
	$(call in,src/bundle,manifest manifest-print tar gate rpm rpm-header \
	sigpacket record nevra request request-key) \
	$(call in,src/base,path json sha256 lines sandbox sandbox-calls spawn \
	spawn-kept spawn-sweep)
sallyport-builder_libs := -lcurl -lgpgme -lgpg-error $(solver_libs)

sallyport-metadata_src := cli/metadata.c $(base) \
	$(call in,src/base,sandbox sandbox-calls lines) \
	$(call in,src/build,metadata-reader metadata-check xml repomd metalink \
	filelists unfold mirror)
sallyport-metadata_libs := -larchive -lexpat

# Unit tests, tests/unit/test-NAME.c, linked with the rooms; and the suites,
# tests/bats/NAME.bats: after the fail-fast ones, the longest first.
unit := advice command evr flip floor gate json keytable ledger lines list \
	manifest message metadata nevra pack path plan policy progress record \
	repofile request rpm sandbox sha256 sigpacket spawn status tar transport
bats := 00-smoke 01-house 20-hostile-rpm 25-verify 22-hostile-flip 10-cli \
	15-unpack 21-hostile-container 23-corpus 24-check 24-second-opinion \
	30-publish 32-request 35-workers 40-sandbox 50-build 51-pack 53-solve 52-metadata 60-faults

# ---- flags ----

clang := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
probe = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null \
	2>/dev/null && echo $(1))

warnings := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wformat=2 -Wundef -Wvla -Walloca -Wcast-qual -Wstrict-prototypes \
	-Wold-style-definition -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wswitch-enum -Wnull-dereference -Wimplicit-fallthrough \
	-Wredundant-decls -Wdate-time -Wframe-larger-than=16384
ifeq ($(clang),)
warnings += -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
	-Wformat-signedness -Wcast-align=strict -Wtrampolines -Warith-conversion
else
warnings += -Wmissing-variable-declarations
endif
ifdef DEVELOPER
warnings += -Werror
endif

hardening := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fstack-clash-protection
ifdef SANITIZE
# A jail cannot hold under the sanitizers: these programs call themselves
# TEST BUILD and are never installed.
hardening := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DSP_TEST_BUILD
warnings := $(filter-out -Wframe-larger-than=% -Wnull-dereference,$(warnings))
endif
hardening += -fPIE -fno-common -fvisibility=hidden \
	-fno-delete-null-pointer-checks -fno-strict-aliasing
# Only what is harmless when it is missing may be probed for.
hardening += $(call probe,-fcf-protection=full) \
	$(call probe,-ftrivial-auto-var-init=zero) \
	$(call probe,-fstrict-flex-arrays=3) \
	$(call probe,-fzero-call-used-regs=used-gpr)

cppflags := -I. -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DSP_VERSION='"$(VERSION)"' -DSP_LIBEXECDIR='"$(LIBEXECDIR)"' \
	-DSP_SYSCONFDIR='"$(SYSCONFDIR)"' -DSP_LOCALSTATEDIR='"$(LOCALSTATEDIR)"'
cflags := -std=gnu11 -O2 -g -ffile-prefix-map=$(CURDIR)=. $(warnings) \
	$(hardening)
ldflags := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack \
	-Wl,-z,separate-code -Wl,--as-needed
compile = $(CC) $(cppflags) $(cflags) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(cflags) $(CFLAGS) $(ldflags) $(LDFLAGS)

# ---- build ----

objects = $(patsubst %.c,$(O)/%.o,$(1))

all: | need-build
all: $(addprefix $(O)/,$(programs)) ## build every program, in build/

# Says nothing when nothing is missing.
need-build:
	@CC='$(CC)' WITH_SOLV=$(WITH_SOLV) tests/deps.sh build
$(O)/flags: | need-build

# A change of flags or compiler rebuilds what it touches.
$(O)/flags: FORCE
	@mkdir -p $(O)
	@echo '$(subst ','\'',$(compile) $(ldflags) $(LDFLAGS))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(compile) $(ldflags) $(LDFLAGS))' > $@

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

define program
$(O)/$(1): $(call objects,$($(1)_src)) Makefile
	$$(call say,LINK,$$@)
	$$(Q)$$(link) -o $$@ $$(filter %.o,$$^) $($(1)_libs)
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))

# One archive a room, in the order of the arrows: for the unit tests.
sources := $(sort $(foreach p,$(programs),$($(p)_src)))
mains := $(foreach p,$(programs),$(firstword $($(p)_src)))
rooms := cli src/ingest src/build src/bundle transports src/base
archives := $(foreach r,$(rooms),$(O)/$(notdir $(r)).a)
define room
$(O)/$(notdir $(1)).a: $(call objects,$(filter-out $(mains),\
		$(filter $(1)/%,$(sources)))) Makefile
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(AR) rcD $$@ $$(filter %.o,$$^)
endef
$(foreach r,$(rooms),$(eval $(call room,$(r))))

test_libs := -larchive -lgcrypt -lgpgme -lgpg-error -lcurl -lexpat \
	$(solver_libs)
$(O)/tests/unit/test-%: $(O)/tests/unit/test-%.o $(archives)
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $^ $(test_libs)

unit_programs := $(unit:%=$(O)/tests/unit/test-%)

unit: $(unit_programs) ## run the unit tests only
	$(Q)tests/run.sh $(O) $^

check: all $(unit_programs) ## unit and bats tests; no root, no network
	$(Q)tests/deps.sh run test
	$(Q)tests/run.sh $(O) $(bats:%=tests/bats/%.bats) $(unit_programs)

check-root: ## check, and nothing may be skipped for want of root
	$(Q)[ "$$(id -u)" = 0 ] || { echo 'this must be run by root' >&2; exit 1; }
	$(Q)$(MAKE) check

check-long: all ## every bit, cut and byte of a bundle, not a sample (hours)
	$(Q)SP_LONG=1 tests/run.sh $(O) tests/bats/22-hostile-flip.bats

check-asan: ## the same with the address and undefined sanitizers
	$(Q)$(MAKE) O=build-asan SANITIZE=1 check

check-links: all ## no program is linked with more than the link table allows
	$(Q)tests/lint/links.sh $(O)

check-arrows: ## no include points upwards or sideways
	$(Q)tests/lint/arrows.sh

check-headers: ## every header compiles alone
	$(Q)for h in $$(find src cli transports -name '*.h' | sort); do \
		echo "#include \"$${h#src/}\"" | $(compile) -Werror -x c \
			-fsyntax-only - || exit 1; done

check-reproducible: ## two checkouts in different folders: equal programs
	$(Q)tests/lint/reproducible.sh

lint: all check-headers ## everything that reads the sources instead of running them
	$(Q)tests/deps.sh lint
	$(Q)tests/lint/links.sh $(O)
	$(Q)tests/lint/run.sh $(cppflags)

size: ## lines of the parts that have a budget (V=1: of each file)
	$(Q)V=$(V) tests/lint/size.sh

demo: all ## from a web server to an installed package, and an attack
	$(Q)tests/deps.sh run test
	$(Q)examples/demo.sh $(O)

bench: all ## cost against bsdtar + rpmkeys + createrepo_c (PRESET=small)
	$(Q)tests/deps.sh run test
	$(Q)tests/bench/run.py --build $(O) $(or $(PRESET),small)

bin_programs := sallyport sallyport-builder
libexec_programs := $(filter-out $(bin_programs),$(programs))
manuals := sallyport-builder.1 sallyport-bundle.5 sallyport-check.8 \
	sallyport-escape.8 sallyport-metadata.8 sallyport-package.5 \
	sallyport-policy.5 sallyport-request.5 sallyport-unpack.8 \
	sallyport-verify.8 sallyport.1

install: all ## DESTDIR, PREFIX, BINDIR, LIBEXECDIR, MANDIR, SYSCONFDIR
ifdef SANITIZE
	$(error a sanitizer build is never installed)
endif
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR)/sallyport \
		$(DESTDIR)$(SYSCONFDIR)/sallyport/keys
	install -m 755 $(bin_programs:%=$(O)/%) $(DESTDIR)$(BINDIR)/
	install -m 755 $(libexec_programs:%=$(O)/%) \
		$(DESTDIR)$(LIBEXECDIR)/sallyport/
	for page in $(manuals); do \
		install -D -m 644 -t $(DESTDIR)$(MANDIR)/man$${page##*.} \
			docs/man/$$page || exit 1; done

dist: ## a tarball of the committed tree, the same every time
	git archive --format=tar --prefix=sallyport-$(VERSION)/ HEAD | \
		gzip -9n > sallyport-$(VERSION).tar.gz

deps: ## install what is missing for all of this (as root)
	$(Q)tests/deps.sh

clean: ## remove the object tree
	rm -rf $(O)

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

-include $(shell find $(O)/src $(O)/cli $(O)/transports $(O)/tests \
	-name '*.d' 2>/dev/null)

FORCE:
.PHONY: all need-build unit check check-root check-long check-asan check-links \
	check-arrows check-headers check-reproducible lint size demo bench install \
	dist deps clean help FORCE
.SECONDARY:
