# SPDX-License-Identifier: MIT
#
# The developer's front door; `make help` lists what it opens. Here are settings and commands; build.mk says how kernel, coordinator, user
# program and machines are built, tests/tests.mk what is checked how. Everything that is made lies under build/.

CONFIG  ?= configs/qemu-2x2.toml
ACCEL   ?= auto
FIRMWARE ?= bios
PROGRAM ?= demo
COMMAND ?=
LAYOUT  ?=
EMULATOR ?=
export R4_EMULATOR := $(EMULATOR)
FAULT    ?=
TIMEOUT  ?=
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG := $(findstring clang,$(CC))
# Switches: 0 is off, too.
$(foreach switch,CHECKS TRACE V ENDS,$(eval override $(switch) := $(filter-out 0,$($(switch)))))
BUILD ?= build$(if $(CLANG),/clang)$(if $(CHECKS),/checks)

PYTHON := /usr/bin/python3
# As one word of the shell
quoted = '$(subst ','\'',$(1))'
CONFIGS := $(basename $(notdir $(wildcard configs/*.toml)))
ifeq ($(shell test -f $(call quoted,$(CONFIG)) && echo there),)
$(error there is no $(CONFIG): CONFIG=configs/NAME.toml with NAME one of $(CONFIGS))
endif
ifneq ($(words $(BUILD)),1)
$(error BUILD=$(BUILD): make can build only where there is no space in the path)
endif

# Hashes of all that a machine is made of besides R4 itself: its configuration, and ACPI tables beside it. $(1) = configuration
contents = { printf '%s\n' $(call quoted,$(1)) && sha256sum <$(call quoted,$(1)) && \
	find "$$(dirname $(call quoted,$(1)))/" -maxdepth 1 -name '*.asl' -exec sha256sum {} + | sort; }
# A machine's folder has the name of its configuration. Of those that are not the repository's own there may be many of one name: a hash
# tells them apart, also from those that the same file described before.
OWN := $(and $(filter 1,$(words $(CONFIG))),$(filter $(addsuffix /$(notdir $(CONFIG)),configs tests/boot/tables tests/boot/machines),$(CONFIG)))
NAME := $(if $(OWN),$(basename $(notdir $(OWN))),$(shell printf %s "$$(basename $(call quoted,$(CONFIG)) .toml)" | tr -c 'A-Za-z0-9._-' _; \
	$(call contents,$(CONFIG)) | sha256sum | sed 's/\(.\{8\}\).*/-\1/'))
MACHINE := $(BUILD)/$(NAME)$(if $(TRACE),-trace)

# The image of a real machine: its layout comes from a file that `linkgen.py layout` wrote.
ifneq ($(LAYOUT),)
LAYOUT_FILE := $(basename $(LAYOUT)).bin
$(if $(filter-out iso iso.built $(BUILD)/%,$(or $(MAKECMDGOALS),build)),$(error LAYOUT= is for make iso: such a machine has no QEMU description))
$(if $(and $(filter 1,$(words $(LAYOUT))),$(shell test -f $(call quoted,$(LAYOUT_FILE)) && echo there)),,$(error there is no $(LAYOUT_FILE)))
MACHINE := $(BUILD)/layout-$(shell printf %s $(call quoted,$(notdir $(basename $(LAYOUT)))) | tr -c 'A-Za-z0-9._-' _; \
	sha256sum <$(call quoted,$(LAYOUT_FILE)) | sed 's/\(.\{8\}\).*/-\1/')
endif

# What these variables may be; tools/qemu.py says the same. The programs are those of the root task.
ACCELERATORS := auto kvm tcg icount
FIRMWARES := bios uefi
PROGRAMS := $(shell grep -oP '\{"\K\w+(?=", \w+_run\})' user/root/main.c)
# $(1) = name of the variable, $(2) = what it may be
one_of = $(if $(and $(filter 1,$(words $($(1)))),$(filter $($(1)),$(2))),,$(error there is no $(1)=$($(1)): one of $(2)))
some_of = $(if $(filter-out $(2),$($(1))),$(error there is no $(1)=$($(1)): one of $(2)))
a_number = $(if $(shell echo $(call quoted,$($(1))) | grep -Ex '0*[1-9][0-9]*'),,$(error $(1)=$($(1)) is no number above 0))
$(call one_of,ACCEL,$(ACCELERATORS))
$(call one_of,FIRMWARE,$(FIRMWARES))
$(call one_of,PROGRAM,$(PROGRAMS))
$(if $(TIMEOUT),$(if $(shell echo $(call quoted,$(TIMEOUT)) | grep -Ex '[0-9]+(\.[0-9]+)?'),,$(error TIMEOUT=$(TIMEOUT) is no number of seconds)))

Q := $(if $(V),,@)
say = $(if $(V),:,printf '  %-7s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SECONDARY: # nothing that was made is removed again
# As many jobs as processors, unless the caller says otherwise.
JOBS := $(if $(findstring -j,$(MAKEFLAGS))$(filter-out 0,$(MAKELEVEL)),,--jobs=$(shell nproc))
MAKEFLAGS += --no-builtin-rules $(JOBS)

# --- two makes at once ---
# What a command needs is built by a make of its own that holds this lock, and what has been built runs without it: so two makes in one
# tree build one after the other. What the command X needs is named X.built.

TREE := $(if $(filter build build/%,$(BUILD)),build,$(BUILD))
LOCK := $(TREE)/lock
take_lock = mkdir -p $(TREE) && { flock -n $(LOCK) true || echo 'another make builds here: waiting' >&2; } && flock --no-fork $(LOCK)
# $(1) = what to build
locked = +@$(if $(R4_LOCKED),,$(take_lock)) $(MAKE) --no-print-directory R4_LOCKED=1 $(1)

# Files that are asked for by name are built in the same way.
FILES := $(if $(R4_LOCKED),,$(filter build/% $(BUILD)/%,$(MAKECMDGOALS)))
ifneq ($(FILES),)
.PHONY: asked $(MAKECMDGOALS)
$(MAKECMDGOALS): asked
asked:
	$(call locked,$(MAKECMDGOALS))
else

include build.mk

# --- commands ---

.PHONY: build iso run bench report bench-compare debug qemu-command help clean test check sim lint

build.built: $(BOOT_FILES) $(KVM_PROBE)
iso.built: $(MACHINE)/r4.iso
run.built bench.built qemu-command.built: $(MACHINE)/reference $(MACHINE)/r4.iso $(KVM_PROBE)
debug.built: run.built | $(TREE)/packages-debug

build iso:
	$(call locked,$@.built)

QEMU = $(PYTHON) tools/qemu.py --build $(MACHINE) --accel $(ACCEL) --firmware $(FIRMWARE) --program $(PROGRAM) \
	$(if $(TIMEOUT),--timeout $(TIMEOUT)) $(if $(FAULT),--fault $(call quoted,$(FAULT))) $(if $(COMMAND),--command $(call quoted,$(COMMAND)))

# A run that fails is followed by what tells why, with functions and lines.
run:
	$(call locked,$@.built)
	@$(QEMU) --log $(MACHINE)/console.log

# Figures as a document in build/bench/ and as a table (docs/benchmarks.md).
CASES ?= all
REPEAT ?= 8
bench:
	$(call locked,$@.built)
	@$(PYTHON) tools/bench/run.py --build $(MACHINE) --config $(call quoted,$(CONFIG)) --accel $(ACCEL) \
		--cases $(call quoted,$(CASES)) --repeat $(call quoted,$(REPEAT)) $(if $(TIMEOUT),--timeout $(TIMEOUT))

# A page of some of these documents.
DOCUMENTS ?= $(wildcard build/bench/*.json)
report.built: | $(TREE)/packages-report
	@:
report:
	$(call locked,$@.built)
	@$(PYTHON) tools/bench/report.py $(or $(DOCUMENTS),$(error there is no document in build/bench/: make bench first))

# A and B are two such documents.
bench-compare:
	@$(PYTHON) tools/bench/compare.py $(call quoted,$(or $(A),$(error A= and B= are two documents in build/bench/))) $(call quoted,$(or $(B),$(error A= and B= are two documents in build/bench/)))

# Stopped before the first instruction, until gdb lets it run.
GDB_PORT ?= 1234
debug:
	$(call locked,$@.built)
	@$(PYTHON) tools/gdb/script.py $(MACHINE) --port $(GDB_PORT)
	@$(QEMU) --timeout 0 -- -gdb tcp:127.0.0.1:$(GDB_PORT) -S

qemu-command:
	$(call locked,$@.built) >&2
	@$(QEMU) --print

EMPTY :=
choices = $(subst $(EMPTY) $(EMPTY),|,$(1))

help:
	@echo 'make               build kernel, coordinator and user program into $(BUILD)/'
	@echo 'make run           boot CONFIG in QEMU and run PROGRAM; exit status 0 if it succeeded'
	@echo 'make bench         figures of CONFIG: a table, and a document in build/bench/; CASES=NAME,NAME or all, REPEAT=8 samples'
	@echo 'make report        build/bench/report.html: a page of all these documents, or of DOCUMENTS="FILE FILE"'
	@echo 'make bench-compare what has changed from document A=FILE to B=FILE'
	@echo 'make test          every check; the last line is "N passed, N failed"'
	@echo 'make check         the checks that need no emulator: under two minutes'
	@echo 'make sim           the kernel in the simulator: SEEDS=1000, or SEED=n to replay one'
	@echo 'make sim-mutants   each mutant is a kernel with one bug: the simulator has to find it'
	@echo 'make explore       every order of accesses to shared memory in small scenarios; RUN=NAME, RUN=NAME:CLUSTER (which dies), ENDS=1'
	@echo 'make explore-mutants  bugs that this search has to find'
	@echo 'make native        kernel copies at real speed on two processors of this host: build/bench/native.json'
	@echo 'make fuzz          fuzzing: all targets or TARGET=NAME, RUNS=1000000'
	@echo 'make prove         lemmas about slots, derivation and walks; Frama-C on the parsers, installs frama-c-base'
	@echo 'make prove-lemmas  the lemmas alone; prove-NAME one parser: $(PROOFS)'
	@echo 'make lint          static analysis, types, formatting, shell, spelling; part of `make test`'
	@echo 'make iso           the boot image $(MACHINE)/r4.iso; LAYOUT=FILE: that of a real machine (docs/layouts.md)'
	@echo 'make debug         `make run` stopped at its start, for gdb at GDB_PORT=1234 with a script that it names'
	@echo 'make qemu-command  print the QEMU command line of `make run`'
	@echo 'make clean         remove $(BUILD)/'
	@echo
	@echo 'CONFIG=configs/NAME.toml   $(CONFIGS)'
	@echo '                           or a file elsewhere: its folder is $(BUILD)/NAME-HASH/'
	@echo 'ACCEL=$(call choices,$(ACCELERATORS))  FIRMWARE=$(call choices,$(FIRMWARES))  PROGRAM=$(call choices,$(PROGRAMS))'
	@echo 'CC=gcc|clang               CHECKS=1 (kernels that check every contract)   TRACE=1 (kernels that trace)   V=1 (show commands)   EMULATOR=PATH (another QEMU)'
	@echo 'BUILD=FOLDER               where to build and run; the checks know only build/'
	@echo 'COMMAND="words"            for the command line (docs/boot.md lists them): serial=0x2f8,57600   FAULT=text, for tests'
	@echo 'TIMEOUT=60                 seconds without output after which a run is ended; 0: never; time that QEMU waits for a processor does not count'
	@echo 'Debian packages that are missing are named and installed first, as root or through sudo.'

# The lock stays: who waits for it must not wait for a file that is no longer there.
clean:
	@mkdir -p $(TREE)
	flock $(LOCK) find $(BUILD) -mindepth 1 -maxdepth 1 ! -path $(LOCK) -exec rm -rf {} +

# The checks have many rules; reading them takes longer than all that a run needs.
UNCHECKED := $(foreach command,build iso run bench report debug qemu-command,$(command) $(command).built) clean bench-compare $(if $(filter build,$(TREE)),,$(BUILD)/%)
ifneq ($(filter-out $(UNCHECKED),$(or $(MAKECMDGOALS),build)),)
include tests/tests.mk
endif
endif
