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
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
SYSCONFDIR ?= /etc
LOCALSTATEDIR ?= /var

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# ---- source lists: what is not named here is in no program ----

in = $(patsubst %,$(1)/%.c,$(2))

# Carriers for Xen: built where its headers are; WITH_XEN=0 leaves them out.
ifndef WITH_XEN
WITH_XEN := $(if $(wildcard /usr/include/libxenvchan.h \
	/usr/include/*/libxenvchan.h),1,0)
xen_missing := $(filter 0,$(WITH_XEN))
endif
vchan := $(if $(filter 1,$(WITH_XEN)),sallyport-vchan)

# A writer of repository metadata that reads no payload: built where the
# library of createrepo_c is; WITH_CREATEREPO=0 runs the program instead.
ifndef WITH_CREATEREPO
WITH_CREATEREPO := $(if $(wildcard /usr/include/createrepo_c/createrepo_c.h),\
	$(shell pkg-config --exists createrepo_c glib-2.0 && echo 1 || echo 0),0)
createrepo_missing := $(filter 0,$(WITH_CREATEREPO))
endif
indexer := $(if $(filter 1,$(WITH_CREATEREPO)),sallyport-index)
index_writer := $(if $(indexer),index-worker,index-tool)

programs := sallyport sallyport-unpack sallyport-check sallyport-verify \
	$(indexer) sallyport-escape sallyport-builder sallyport-metadata $(vchan)

# What every program needs, and what every jailed one adds.
base := $(call in,src/base,error reason text io)
jail := $(call in,src/base,sandbox sandbox-calls) src/ingest/jails.c
worker := $(jail) src/ingest/worker.c $(call in,src/bundle,record groups nevra)
transports := $(call in,transports,transport file stdio block block-write \
	device device-use device-safety qrexec qrexec-call qube qubes process \
	vchan vchan-peer) \
	$(call in,src/base,reply spawn spawn-kept sandbox sandbox-calls)
speech := $(call in,cli,command command-parse command-help nearest options \
	terminal progress result advice confirm completion completion-bash \
	completion-zsh completion-fish)

# Behind each list stands what its program may be linked with besides libc;
# `make check-links` compares with the table in tests/lint/links.sh.

sallyport_src := cli/sallyport.c $(base) src/ingest/jails.c $(transports) \
	$(speech) \
	$(call in,cli,cmd-ingest cmd-verify cmd-status cmd-history cmd-rollback \
	cmd-doctor cmd-explain cmd-request cmd-update update-options update-voice \
	update-hand-over consent listen present table \
	render-json) \
	$(call in,src/ingest,receive engine feed crew ledger judge verifier overview \
	policy floor quarantine generation index $(index_writer) \
	index-check publish state history keyhome \
	reply errors caller doctor doctor-jails ask pending rpmdb repofiles pubkeys comps \
	round round-lines round-show round-talk tell update update-root update-vm update-stock update-guard \
	update-features) \
	$(call in,src/ingest,journal clock keytable ratchet listing evidence freshness) \
	cli/freshness.c cli/cmd-state.c src/ingest/reset.c src/ingest/changelog.c src/ingest/dnf-plan.c \
	$(call in,src/bundle,record groups nevra qfile-result request request-key \
	request-print seal) \
	$(call in,src/base,path lock keep lines wordlist json sha256 evr spawn-run \
	spawn-sweep)
sallyport_libs :=

sallyport-unpack_src := cli/unpack.c $(base) $(worker) \
	$(call in,src/ingest,unpack unpack-qfile unpack-out intake) \
	$(call in,src/bundle,gate tar qfile)
sallyport-unpack_libs := -larchive

sallyport-check_src := cli/check.c $(base) $(worker) \
	$(call in,src/ingest,check check-groups check-package check-evidence evidence-scan \
	entries digest) \
	$(call in,src/bundle,manifest tar rpm rpm-header rpm-prefix sigpacket) \
	src/base/sha256.c
sallyport-check_libs := -lgcrypt -lgpg-error

sallyport-verify_src := cli/verify.c $(base) $(worker) \
	$(call in,src/ingest,verify batch gpg status message keytable make-home) \
	src/bundle/sigpacket.c $(call in,src/base,path sha256)
sallyport-verify_libs := -lgpgme -lgpg-error

sallyport-index_src := cli/index.c $(base) $(worker) src/ingest/indexer.c
sallyport-index_libs := -lcreaterepo_c -lglib-2.0

sallyport-escape_src := cli/escape.c $(base) $(jail) \
	$(call in,src/ingest,escape escape-files escape-processes escape-kernel) \
	src/base/path.c transports/vchan-jail.c
sallyport-escape_libs :=

# Without libsolv (WITH_SOLV=0) the builder packs lists and sends bundles.
WITH_SOLV ?= 1
ifeq ($(WITH_SOLV),1)
solver := resolve pool installed match want jobs weak near problems solve \
	installonly
solver_libs := -lsolvext -lsolv
else
solver := no-solver
endif

sallyport-builder_src := cli/builder.c $(base) $(transports) $(speech) \
	$(call in,cli,builder-common builder-options \
	builder-build builder-plan builder-check builder-send builder-devices \
	table) \
	$(call in,src/build,fetch queue session proxy transfer answer ending part hash \
	digest cache) \
	$(call in,src/build,build requests list head pack send devices outlet \
	convert hear) \
	$(call in,src/build,deliver attach groups advisories supply trust choose \
	selfcheck signed plan plan-text \
	$(solver)) \
	$(call in,src/build,repofile repovars mirror mirrorlist metadata \
	metadata-ahead metadata-mirrors metadata-repomd metadata-files metadata-check jailed \
	evidence armor keys) \
	$(call in,src/bundle,manifest manifest-print seal tar gate rpm rpm-header \
	sigpacket record nevra qfile qfile-result request request-key groups) \
	$(call in,src/base,path lock json sha256 lines spawn-sweep)
sallyport-builder_libs := -lcurl -lgpgme -lgcrypt -lgpg-error $(solver_libs)

sallyport-metadata_src := cli/metadata.c $(base) \
	$(call in,src/base,sandbox sandbox-calls lines) \
	$(call in,src/build,metadata-reader metadata-check xml repomd metalink \
	digest filelists comps updateinfo unfold mirror) $(call in,src/bundle,groups nevra)
sallyport-metadata_libs := -larchive -lexpat

sallyport-vchan_src := cli/vchan.c $(base) \
	$(call in,transports,vchan-run vchan-mover vchan-move vchan-channel \
	vchan-frame vchan-peer vchan-jail) \
	$(call in,src/base,sandbox sandbox-calls)
sallyport-vchan_libs := -lxenvchan -lxenstore

# Unit tests, tests/unit/test-NAME.c, linked with the rooms; and the suites,
# tests/bats/NAME.bats: after the fail-fast ones, the longest first.
unit := advice ask attach block call check command confirm devices digest \
	doctor download evidence-scan evr fetch fields flip floor gate generation \
	groups hash history index-check intake journal json keys keytable ledger \
	lines list listing manifest message metadata nevra pack path plan policy \
	present preview progress publish qfile quarantine queue ratchet readers \
	record repofile request requests round rpm sandbox send sha256 sigpacket \
	spawn status tar transfer transport unpack update vchan-frame vchan-move \
	$(if $(vchan),vchan-channel)
ifeq ($(WITH_SOLV),1)
unit += solve
endif
bats := 00-smoke 01-house 02-install 80-update 47-carriers 53-solve \
	54-hostile-server 25-verify 52-metadata 37-policy-attacks 50-build \
	81-update-options 70-block 40-sandbox 55-vchan 20-hostile-rpm \
	60-faults 38-preview 35-workers 26-hostile-set 12-golden 45-qrexec \
	27-hostile-load 85-packaging 15-unpack 30-publish 22-hostile-flip \
	10-cli 11-completion 82-update-stock 21-hostile-container 65-memory \
	71-sneakernet 13-personas 16-differ 23-corpus 24-check \
	24-second-opinion 28-hostile-places 29-hostile-words 31-index 32-request \
	36-attack 46-example 48-qubes 51-pack 72-two-builders

# With the sanitizers: what feeds bytes to our parsers. Left out is what
# looks at jails, places, memory, time or devices; those are the same code.
ifdef SANITIZE
bats := 00-smoke 20-hostile-rpm 25-verify 10-cli 15-unpack 16-differ \
	21-hostile-container 23-corpus 24-check 30-publish 45-qrexec 50-build \
	51-pack
endif

# Fuzz targets, tests/fuzz/fuzz-NAME.c, one for each parser of bytes from
# outside: first what the trusted side reads, then the builder's.
fuzz := gate bundle qfile intake entries check manifest groups header head \
	sigpacket records status keytable policy evidence frames \
	$(vchan:sallyport-%=%) request \
	answer armor comps filelists metalink repofile repomd updateinfo

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
# For parsers alone: libraries are not instrumented (tests/lint/analyze.sh).
ifdef MEMORY
hardening := -O1 -fsanitize=memory -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DSP_TEST_BUILD -DSP_SANITIZED=1
endif
ifdef COVER
# Lines, branches and conditions, counted in the jails as well: live.c. A test
# build too, made by clang.
hardening := -O0 -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc \
	-fprofile-update=atomic -DSP_TEST_BUILD \
	-DSP_COVER_DIR='"$(abspath $(O))/live"'
cover_shim := $(O)/tests/cover/live.o
$(shell mkdir -p $(O)/live)
endif
# One call or allocation fails, inside the jails too: what make check-crash
# runs. A test build as well.
ifdef FAULT
hardening := $(if $(COVER),$(hardening),-DSP_TEST_BUILD)
fault_shim := $(O)/tests/crash/shim.o
endif
# What make fuzz runs: asan with the sanitizers, and fast with traps alone and
# counters alone: comparisons are traced in the other one.
ifeq ($(FUZZ),asan)
hardening := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -fsanitize=fuzzer-no-link -DSP_TEST_BUILD
endif
ifeq ($(FUZZ),fast)
hardening := -fsanitize=undefined -fsanitize-trap=undefined \
	-fsanitize-coverage=inline-8bit-counters,pc-table -DSP_TEST_BUILD
endif
hardening += -fPIE -fno-common -fvisibility=hidden \
	-fno-delete-null-pointer-checks -fno-strict-aliasing
# Only what is harmless when it is missing may be probed for.
hardening += $(call probe,-fcf-protection=full) \
	$(if $(MEMORY),,$(call probe,-ftrivial-auto-var-init=zero)) \
	$(call probe,-fstrict-flex-arrays=3) \
	$(call probe,-fzero-call-used-regs=used-gpr)

cppflags := -I. -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-DSP_VERSION='"$(VERSION)"' -DSP_LIBEXECDIR='"$(LIBEXECDIR)"' \
	-DSP_SYSCONFDIR='"$(SYSCONFDIR)"' -DSP_LOCALSTATEDIR='"$(LOCALSTATEDIR)"'
cflags := -std=gnu11 -O2 -g -ffile-prefix-map=$(CURDIR)=. $(warnings) \
	$(hardening)
ldflags := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack \
		-Wl,-z,separate-code -Wl,--as-needed $(COVER:%=-Wl,-T,tests/cover/pages.ld)
# Headers of others are not ours to lint.
ifneq ($(indexer),)
foreign := $(patsubst -I%,-isystem %,$(filter -I%,$(shell pkg-config --cflags \
	createrepo_c glib-2.0)))
$(O)/src/ingest/indexer.o: private cppflags += $(foreign)
endif
compile = $(CC) $(cppflags) $(cflags) $(CPPFLAGS) $(CFLAGS)
link = $(CC) $(cflags) $(CFLAGS) $(ldflags) $(LDFLAGS)

# ---- build ----

objects = $(patsubst %.c,$(O)/%.o,$(1))

all: $(addprefix $(O)/,$(programs)) ## build every program, in build/

network_programs := sallyport-builder sallyport-metadata
trusted_programs := $(filter-out $(network_programs) $(vchan),$(programs))

dom0: carrier $(addprefix $(O)/,$(trusted_programs)) ## build the trusted side only

builder: carrier $(addprefix $(O)/,$(network_programs)) ## build the networked side only

# For both sides.
carrier: $(addprefix $(O)/,$(vchan))

# Says nothing when nothing is missing; one side alone needs less.
goals := $(or $(MAKECMDGOALS),all)
need := $(if $(filter-out dom0 install-dom0 install-system install-qubes,\
	$(goals)),,dom0)$(if $(filter-out builder install-builder \
	install-builder-system,$(goals)),,builder)
need-build:
	$(if $(createrepo_missing),$(if $(filter builder,$(need)),,\
		@echo 'without libcreaterepo_c: no sallyport-index' >&2))
	@CC='$(CC)' WITH_SOLV=$(WITH_SOLV) tests/deps.sh $(or $(need),dom0 builder)
$(O)/flags: | need-build

# A change of flags, compiler or optional parts rebuilds what it touches.
built_with := $(compile) $(ldflags) $(LDFLAGS) \
	xen=$(WITH_XEN) solv=$(WITH_SOLV) createrepo=$(WITH_CREATEREPO)
$(O)/flags: FORCE
	@mkdir -p $(O)
	@echo '$(subst ','\'',$(built_with))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(built_with))' > $@

$(O)/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(compile) -MMD -MP -c -o $@ $<

define program
$(O)/$(1): $(call objects,$($(1)_src)) $(cover_shim) $(fault_shim) Makefile
	$$(call say,LINK,$$@)
	$$(Q)$$(link) -o $$@ $$(filter %.o,$$^) $($(1)_libs)
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))

# One archive a room, in the order of the arrows: for the unit tests.
# What vchans need besides Xen is tested without it.
sources := $(sort $(foreach p,$(programs),$($(p)_src)) \
	transports/vchan-frame.c transports/vchan-move.c)
mains := $(foreach p,$(programs),$(firstword $($(p)_src)))
rooms := $(if $(MEMORY),src/bundle src/base,\
	cli src/ingest src/build src/bundle transports src/base)
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
$(O)/tests/unit/test-%: $(O)/tests/unit/test-%.o $(cover_shim) $(archives)
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $^ $(test_libs)

# A target with a fuzzer, and one that only runs over files. What the stage
# stands in for is found there first.
stage := $(O)/tests/fuzz/stage.a
$(stage): $(call objects,$(call in,tests/fuzz,stage fresh-check)) Makefile
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcD $@ $(filter %.o,$^)
$(O)/tests/fuzz/fuzz-%: $(O)/tests/fuzz/fuzz-%.o $(O)/tests/fuzz/fuzz.o \
		$(stage) $(archives)
	$(call say,LINK,$@)
	$(Q)$(link) -fsanitize=fuzzer -o $@ $^ $(test_libs)
$(O)/tests/fuzz/replay-%: $(O)/tests/fuzz/fuzz-%.o \
		$(call objects,$(call in,tests/fuzz,replay fuzz)) $(stage) \
		$(cover_shim) $(archives)
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $^ $(test_libs)

# The same program over a stand-in for Xen, so that it runs anywhere.
fake_vchan := $(vchan:%=$(O)/tests/%-fake)
$(O)/tests/sallyport-vchan-fake: $(call objects,$(sallyport-vchan_src) \
		tests/fake/libxenvchan-socket.c) $(cover_shim) Makefile
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(filter %.o,$^)

# A hostile client on the true library, for the laboratory.
xen_peer := $(vchan:%=$(O)/tests/xen-peer)
$(O)/tests/xen-peer: $(call objects,tests/xen/peer.c) Makefile
	$(call say,LINK,$@)
	$(Q)$(link) -o $@ $(filter %.o,$^) -lxenvchan -lxenstore -lxenevtchn

# What the gate and the archive library read in one stream, each alone; and
# the same with a gate that overlooks something.
differ := $(O)/tests/differ/read $(O)/tests/differ/read-careless
$(differ): $(call objects,tests/differ/read.c) $(O)/bundle.a $(O)/base.a
	$(call say,LINK,$@)
	$(Q)$(link) $(extra) -o $@ $^ -larchive
$(O)/tests/differ/read-careless: $(call objects,tests/differ/careless.c)
$(O)/tests/differ/read-careless: extra := -Wl,--wrap=sp_tar_read

unit_programs := $(unit:%=$(O)/tests/unit/test-%)
replays := $(fuzz:%=$(O)/tests/fuzz/replay-%)

# Builds of their own: with clang, or AFL++ around it.
TARGET ?= $(fuzz)
fuzz_asan := CC=clang O=build-fuzz FUZZ=asan
fuzz_fast := CC=clang O=build-fuzz/fast FUZZ=fast
fuzz_afl := CC=afl-clang-fast O=build-fuzz/afl FUZZ=asan
fuzz_seeds := build-fuzz/seeds/made
$(fuzz_seeds): tests/fuzz/seeds.py
	$(Q)mkdir -p $(@D)
	$(Q)$< $(@D) && touch $@

unit: $(unit_programs) ## run the unit tests only
	$(Q)tests/run.sh $(O) $^

# The optional parts are tested too: what they need is installed before another
# make reads what is there.
optional := $(if $(xen_missing),xen) $(if $(createrepo_missing),createrepo)
check: ## unit and bats tests; no root
	$(Q)tests/deps.sh run test
	$(if $(strip $(optional)),$(Q)tests/deps.sh $(optional) || true)
	$(Q)$(MAKE) check-here

.PHONY: check-here
check-here: all $(unit_programs) $(replays) $(differ) $(fake_vchan)
	$(Q)tests/run.sh $(O) $(bats:%=tests/bats/%.bats) $(unit_programs) $(replays)

# The summary of `make check` is the last line.
check-root: all ## check, and nothing may be skipped that root can do
	$(Q)[ "$$(id -u)" = 0 ] || { echo 'this must be run by root' >&2; exit 1; }
	$(Q)tests/deps.sh run test
	$(Q)tests/crash/power.py $(O) --fs ext4 --states 100
	$(Q)tests/crash/power.py $(O) --fs ext4 --states 100 --fault no-syncfs
	$(Q)tests/crash/full.py $(O) --on tmpfs,inodes --step 3
	$(Q)tests/crash/sweep.py $(O) --rounds recover,recover-late --step 97
	$(Q)SP_CHECK_ROOT=1 $(MAKE) check

check-hostile: all $(fake_vchan) $(O)/tests/unit/test-metadata ## each named attack, and how it ended
	$(Q)tests/deps.sh run test
	$(Q)tests/run.sh $(O) $$(tests/cases.py suites); ran=$$?; \
		tests/cases.py verdict $(O) && exit $$ran

check-long: all $(differ) $(O)/tests/unit/test-fields ## every bit, cut and byte of a bundle, not a sample (half an hour)
	$(Q)tests/deps.sh run test
	$(Q)tests/long.sh $(O)

.PHONY: check-xen
check-xen: all $(xen_peer) ## Xen, two domains and a stick in an emulator (minutes)
	$(Q)tests/deps.sh run test
	$(Q)tests/deps.sh lab || true
	$(Q)tests/xen/lab.sh $(O)

.PHONY: fuzz fuzz-afl check-fuzz fuzz-programs fuzz-corpus
fuzz-programs: $(TARGET:%=$(O)/tests/fuzz/fuzz-%)

fuzz: $(fuzz_seeds) ## fuzz each parser (MINUTES=N each; TARGET="gate head")
	$(Q)tests/deps.sh fuzz
	$(Q)$(MAKE) $(fuzz_asan) fuzz-programs
	$(Q)$(MAKE) $(fuzz_fast) fuzz-programs
	$(Q)tests/fuzz/run.py --minutes $(or $(MINUTES),1) \
		--counters docs/record/fuzz-counters \
		--build asan=build-fuzz/tests/fuzz \
		--build fast=build-fuzz/fast/tests/fuzz $(TARGET)

fuzz-afl: $(fuzz_seeds) ## the same targets with AFL++
	$(Q)tests/deps.sh fuzz
	$(Q)AFL_QUIET=1 AFL_USE_ASAN=1 $(MAKE) $(fuzz_afl) fuzz-programs
	$(Q)tests/fuzz/run.py --minutes $(or $(MINUTES),1) \
		--counters docs/record/fuzz-counters \
		--build afl=build-fuzz/afl/tests/fuzz $(TARGET)

check-fuzz: $(fuzz_seeds) ## what is kept, and 50,000 executions of each fuzzer
	$(Q)tests/deps.sh fuzz
	$(Q)$(MAKE) $(fuzz_asan) fuzz-programs
	$(Q)tests/fuzz/run.py --runs 50000 \
		--build asan=build-fuzz/tests/fuzz $(TARGET)

fuzz-corpus: $(fuzz_seeds) ## keep a few inputs of what make fuzz has grown
	$(Q)$(MAKE) $(fuzz_asan) fuzz-programs
	$(Q)tests/fuzz/keep.py build-fuzz/tests/fuzz build-fuzz/work \
		build-fuzz/seeds $(TARGET)

check-crash: all ## kill, power loss, full disk, faults, at every point (hours; STEP=K)
	$(Q)tests/deps.sh run test crash
	$(Q)$(MAKE) O=build-fault FAULT=1 all
	$(Q)STEP=$(STEP) STATES=$(STATES) SETTINGS=$(SETTINGS) TWICE=$(TWICE) \
		tests/crash/all.sh $(O) build-fault

check-faults: all ## each call and allocation of the other commands fails (hours; STEP=K, MOST=M)
	$(Q)tests/deps.sh run test crash
	$(Q)$(MAKE) O=build-fault FAULT=1 all
	$(Q)tests/crash/calls.py build-fault
	$(Q)tests/crash/commands.py build-fault --teeth
	$(Q)tests/crash/commands.py build-fault --step $(or $(STEP),1) \
		--most $(or $(MOST),0)

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

.PHONY: check-analyze unit-programs replay-programs
unit-programs: $(unit_programs)
replay-programs: $(replays)
check-analyze: all ## analyzers and the memory sanitizer: no finding (minutes)
	$(Q)tests/deps.sh lint cover
	$(Q)LINT='cppcheck tidy analyzer' tests/lint/run.sh $(cppflags) $(foreign)
	$(Q)tests/lint/analyze.sh $(cppflags) $(foreign)

lint: all check-headers ## everything that reads the sources instead of running them
	$(Q)tests/deps.sh lint createrepo
	$(Q)tests/lint/links.sh $(O)
	$(Q)tests/lint/run.sh $(cppflags) $(foreign)

# Conditions (MC/DC) are counted from clang 19 on. Faults count as well: what
# is done about them runs in no other way. MOST places of each call fail.
cover: MOST ?= 40
cover: ## lines, branches, conditions that tests and faults reach, by part
	$(Q)tests/deps.sh run test crash cover
	$(Q)rm -rf build-cover/live
	-$(Q)$(MAKE) O=build-cover COVER=1 FAULT=1 check \
		CC="$$(command -v clang-19 || echo clang)"
	-$(Q)tests/crash/inject.py build-cover --settings 1 --most $(MOST)
	-$(Q)tests/crash/commands.py build-cover --most $(MOST)
	$(Q)tests/cover/table.py build-cover

# Not optimized: each mutant is built and run at once. All that take a check
# or a sync away, and SAMPLE of the others; 0: all of them (hours). What
# survives is tried with the sanitizers: a tree of its own.
SAMPLE ?= 2000
at_once := warnings= CFLAGS='-O0 -g0 -U_FORTIFY_SOURCE \
	-ftrivial-auto-var-init=pattern'
.PHONY: mutate mutate-tree
mutate: ## change the code, place by place; the tests must see it (FILES=, SAMPLE=N)
	$(Q)tests/deps.sh cover
	$(Q)$(MAKE) O=build-mutate/sanitized SANITIZE=1 $(at_once) mutate-tree
	$(Q)$(MAKE) O=build-mutate $(at_once) all mutate-tree
	$(Q)tests/fixtures.sh build-mutate/fixtures >/dev/null
	$(Q)tests/mutate/mutate.py build-mutate $(FILES) $(SAMPLE:%=--sample %) \
		$(MUTATE)

# How this tree was made, for mutate.py.
define commands
COMPILE=$(compile)
LINK=$(link)
ARCHIVES=$(archives)
LIBS=$(test_libs)
SALLYPORT=$(call objects,$(sallyport_src))
endef
mutate-tree: $(unit_programs)
	@: $(file >$(O)/commands,$(commands))

compile_commands.json: ## for editors and clang's tools, by bear
	$(Q)tests/deps.sh cover
	$(Q)rm -rf build-bear
	$(Q)bear --output $@ -- $(MAKE) O=build-bear all

size: ## lines of the parts that have a budget (V=1: of each file)
	$(Q)V=$(V) tests/lint/size.sh

golden: all ## write tests/golden anew: what people read, to be looked at
	$(Q)tests/deps.sh run test
	$(Q)tests/golden.sh $(O) tests/golden

demo: all ## from a web server to an installed package, and an attack
	$(Q)tests/deps.sh run test
	$(Q)examples/demo.sh $(O)

.PHONY: prove prove-teeth
prove: ## Frama-C Eva: no undefined behaviour in what reads unverified bytes
	$(Q)tests/deps.sh prove
	$(Q)tests/prove/run.py prove

prove-teeth: ## the proof sees each of the seeded faults
	$(Q)tests/deps.sh prove
	$(Q)tests/prove/run.py teeth

bench: all ## cost against bsdtar + rpmkeys + createrepo_c (PRESET=small)
	$(Q)tests/deps.sh run test
	$(Q)tests/bench/run.py --build $(O) $(or $(PRESET),small)

bench-plot: all ## cost against packages and bytes, as docs/cost.svg
	$(Q)tests/deps.sh run test
	$(Q)tests/bench/plot.py --build $(O) docs/cost.svg

report: ## docs/PROOF.md of the runs that are kept (tests/report.py)
	$(Q)tests/report.py page

bench-send: all ## send against cat and dd; root adds a block device
	$(Q)tests/bench/send.py $(O)

bench-solve: all ## request and solve at 60,000 packages against a cold dnf
	$(Q)tests/deps.sh run test
	$(Q)tests/bench/solve.py $(O) --dnf

bench-vchan: all $(fake_vchan) ## vchan stand-in against a plain socket
	$(Q)tests/bench/vchan.sh $(O)

bench-download: builder ## downloads against dnf, aria2c, curl (PARTS="small link")
	$(Q)tests/deps.sh run test bench
	$(Q)tests/bench/download.py --build $(O) $(PARTS)

# ---- install ----
#
# What goes where: SOURCE:MODE:PLACE. Installing, removing and the packages
# beneath examples/packaging know no other list.

.PHONY: no-test-build
no-test-build:
ifneq ($(SANITIZE)$(COVER)$(FAULT)$(MEMORY)$(FUZZ),)
	$(error a test build is never installed)
endif

LIBDIR ?= $(PREFIX)/lib
helpers := $(LIBEXECDIR)/sallyport

program_files = $(foreach p,$(1),$(O)/$(p):755:$(2)/$(p))
manual_files = $(foreach m,$(1),docs/man/$(m):644:$(MANDIR)/man$(subst \
	.,,$(suffix $(m)))/$(m))

completion_files = $(O)/completion/$(1).bash:644:$(BASHDIR)/$(1) \
	$(O)/completion/$(1).zsh:644:$(ZSHDIR)/_$(1) \
	$(O)/completion/$(1).fish:644:$(FISHDIR)/$(1).fish

workers := $(addprefix sallyport-,unpack check verify escape) $(indexer)
files-dom0 := $(call program_files,sallyport,$(BINDIR)) \
	$(call program_files,$(workers),$(helpers)) \
	$(call completion_files,sallyport) \
	$(call manual_files,sallyport.1 sallyport-update.1 sallyport-policy.5 \
	sallyport-check.8 sallyport-escape.8 $(indexer:%=%.8) \
	sallyport-unpack.8 sallyport-verify.8)

files-builder := $(call program_files,sallyport-builder,$(BINDIR)) \
	$(call program_files,sallyport-metadata,$(helpers)) \
	$(call completion_files,sallyport-builder) \
	$(call manual_files,sallyport-builder.1 sallyport-metadata.8)

# What both sides speak of, and the carrier that both sides run.
files-common := $(call manual_files,sallyport-bundle.5 sallyport-package.5 \
	sallyport-request.5 sallyport-qrexec.7 sallyport-setup.7)

files-vchan := $(if $(vchan),$(call program_files,$(vchan),$(helpers)) \
	$(call manual_files,sallyport-vchan.8))

# For machines with systemd and dnf. Each file works as it stands; another
# PREFIX goes into a copy of it.
SYSTEMD := $(LIBDIR)/systemd/system
places := -e 's|/usr/bin/sallyport|$(BINDIR)/sallyport|g' \
	-e 's|/usr/libexec/sallyport|$(helpers)|g' \
	-e 's|/usr/share/sallyport|$(DATADIR)/sallyport|g' \
	-e 's|/etc/sallyport|$(SYSCONFDIR)/sallyport|g' \
	-e 's|/var/\([a-z]*\)/sallyport|$(LOCALSTATEDIR)/\1/sallyport|g'
unit_files = $(foreach u,$(1),$(O)/examples/system/systemd/$(u):644:$(SYSTEMD)/$(u))

files-system := $(call unit_files,sallyport-ingest.service \
	sallyport-ingest.timer sallyport-request.service sallyport-request.timer) \
	$(O)/examples/system/sysusers.d/sallyport.conf:644:$(LIBDIR)/sysusers.d/sallyport.conf \
	$(O)/examples/system/tmpfiles.d/sallyport.conf:644:$(LIBDIR)/tmpfiles.d/sallyport.conf \
	$(O)/examples/system/yum.repos.d/sallyport.repo:644:$(SYSCONFDIR)/yum.repos.d/sallyport.repo

files-builder-system := $(call unit_files,sallyport-builder.service \
	sallyport-builder.timer) \
	$(O)/examples/system/sysusers.d/sallyport-builder.conf:644:$(LIBDIR)/sysusers.d/sallyport-builder.conf \
	$(O)/examples/system/tmpfiles.d/sallyport-builder.conf:644:$(LIBDIR)/tmpfiles.d/sallyport-builder.conf

# For dom0 of Qubes OS; its own folders do not depend on PREFIX.
files-qubes := examples/qubes/policy.d/80-sallyport.policy:644:/etc/qubes/policy.d/80-sallyport.policy \
	examples/qubes/rpc-config/qubes.ReceiveUpdates:644:/etc/qubes/rpc-config/qubes.ReceiveUpdates \
	$(O)/examples/qubes/qubes.ReceiveUpdates:755:$(helpers)/qubes.ReceiveUpdates \
	$(O)/examples/qubes/qubes-setup:755:$(helpers)/qubes-setup \
	$(O)/examples/qubes/dnf/qubes-cached.repo:644:$(DATADIR)/sallyport/qubes-cached.repo \
	$(O)/examples/qubes/dnf/30-sallyport.conf:644:$(DATADIR)/dnf5/libdnf.conf.d/30-sallyport.conf

# The name of the stock command: for who wants it.
files-qubes-command := $(O)/examples/qubes/tmpfiles.d/sallyport-qubes-dom0-update.conf:644:$(LIBDIR)/tmpfiles.d/sallyport-qubes-dom0-update.conf

$(O)/examples/%: examples/% FORCE
	@mkdir -p $(@D)
	$(Q)sed $(places) $< > $@

$(O)/completion/sallyport.%: dom0 FORCE
	@mkdir -p $(@D)
	$(Q)$(O)/sallyport --completion=$* > $@
$(O)/completion/sallyport-builder.%: builder FORCE
	@mkdir -p $(@D)
	$(Q)$(O)/sallyport-builder --completion=$* > $@

field = $(word $(1),$(subst :, ,$(2)))
define put
	install -D -m $(call field,2,$(1)) $(call field,1,$(1)) $(DESTDIR)$(call field,3,$(1))

endef
copies_of = $(filter $(O)/examples/% $(O)/completion/%,$(foreach f,$(1),$(call field,1,$(f))))
places_of = $(sort $(foreach f,$(1),$(call field,3,$(f))))

install: install-dom0 install-builder ## DESTDIR, PREFIX, BINDIR, LIBEXECDIR, MANDIR, SYSCONFDIR, ZSHDIR

sides := dom0 builder common vchan system builder-system qubes qubes-command
define side
install-$(1): $(call copies_of,$(files-$(1))) | no-test-build
	$$(foreach f,$$(files-$(1)),$$(call put,$$(f)))
endef
$(foreach s,$(sides),$(eval $(call side,$(s))))

install-dom0: dom0 install-common install-vchan install-keys ## programs and manuals of the trusted side
install-builder: builder install-common install-vchan ## programs and manuals of the networked side
install-vchan: carrier
install-system: ## systemd and dnf files of a trusted machine
install-builder-system: ## systemd files of a networked machine
install-qubes: ## files for dom0 of Qubes OS
install-qubes-command: ## qubes-dom0-update becomes sallyport update

install-keys:
	install -d $(DESTDIR)$(SYSCONFDIR)/sallyport/keys

# Keys, policy and state belong to the owner of the machine: they stay.
uninstall: ## remove what the install targets put there
	rm -f $(addprefix $(DESTDIR),$(call places_of,\
		$(foreach s,$(sides),$(files-$(s)))))
	for dir in $(addprefix $(DESTDIR),$(helpers) $(DATADIR)/sallyport \
		$(SYSCONFDIR)/sallyport/keys $(SYSCONFDIR)/sallyport); do \
		[ ! -d "$$dir" ] || rmdir --ignore-fail-on-non-empty "$$dir"; done

tarball := sallyport-$(VERSION).tar.gz

# The file modes must not depend on the configuration of git.
dist: ## a tarball of the committed tree, the same every time
	git -c tar.umask=0022 archive --format=tar \
		--prefix=sallyport-$(VERSION)/ HEAD | gzip -9n > $(tarball)

# RPMBUILD: more options, as --without xen.
rpm: dist ## rpm packages of the committed tree, in build/rpm
	$(Q)tests/deps.sh package
	rpmbuild -ba --nodeps --define '_topdir $(abspath $(O))/rpm' \
		--define '_sourcedir $(CURDIR)' $(RPMBUILD) \
		examples/packaging/sallyport.spec

deb: dist ## Debian packages of the networked side, in build/deb
	$(Q)tests/deps.sh package
	$(Q)rm -rf $(O)/deb && mkdir -p $(O)/deb
	tar -xzf $(tarball) -C $(O)/deb
	cp $(tarball) $(O)/deb/sallyport_$(VERSION).orig.tar.gz
	cp -r examples/packaging/debian $(O)/deb/sallyport-$(VERSION)/
	cd $(O)/deb/sallyport-$(VERSION) && dpkg-buildpackage -us -uc $(DPKGBUILD)

check-packages: rpm deb ## lint, install and remove the packages (root for the last)
	$(Q)tests/packages.sh $(O)

deps: ## install what is missing for all of this (as root)
	$(Q)tests/deps.sh

clean: ## remove the object tree
	rm -rf $(O)

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9_.-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' Makefile

-include $(shell find $(O)/src $(O)/cli $(O)/transports $(O)/tests \
	-name '*.d' 2>/dev/null)

FORCE:
.PHONY: all dom0 builder carrier \
	$(sides:%=install-%) install-keys uninstall rpm deb check-packages cover compile_commands.json need-build unit check \
	check-root check-hostile check-long check-crash check-faults check-asan check-links check-arrows check-headers check-reproducible lint size demo bench \
	bench-plot report bench-send bench-solve bench-vchan bench-download install \
	dist deps clean help FORCE
.SECONDARY:
