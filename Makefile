# SPDX-License-Identifier: MIT
#
# The developer's front door; `make help` lists what it opens. Everything that is made lies under build/. Sources are found by
# wildcard: a new file needs no line here. Order: settings, packages, kernel, coordinator, user program, boot image, commands, checks.

CONFIG  ?= configs/qemu-2x2.toml
ACCEL   ?= auto
FIRMWARE ?= bios
PROGRAM ?= demo
COMMAND ?=
EMULATOR ?=
export R4_EMULATOR := $(EMULATOR)
FAULT    ?=
TIMEOUT  ?=
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG := $(findstring clang,$(CC))
CHECKS ?=
BUILD ?= build$(if $(CLANG),/clang)$(if $(CHECKS),/checks)

PYTHON := /usr/bin/python3
NAME := $(basename $(notdir $(CONFIG)))$(if $(TRACE),-trace)
MACHINE := $(BUILD)/$(NAME)
CONFIGS := $(basename $(notdir $(wildcard configs/*.toml)))
ifeq ($(wildcard $(CONFIG)),)
$(error there is no $(CONFIG): CONFIG=configs/NAME.toml with NAME one of $(CONFIGS))
endif

# What these variables may be; tools/qemu.py says the same. The programs are those of the root task.
ACCELERATORS := auto kvm tcg icount
FIRMWARES := bios uefi
PROGRAMS := $(shell grep -oP '\{"\K\w+(?=", \w+_run\})' user/root/main.c)
# $(1) = name of the variable, $(2) = what it may be
one_of = $(if $(and $(filter 1,$(words $($(1)))),$(filter $($(1)),$(2))),,$(error there is no $(1)=$($(1)): one of $(2)))
some_of = $(if $(filter-out $(2),$($(1))),$(error there is no $(1)=$($(1)): one of $(2)))
a_number = $(if $(shell echo '$($(1))' | grep -Ex '0*[1-9][0-9]*'),,$(error $(1)=$($(1)) is no number above 0))
$(call one_of,ACCEL,$(ACCELERATORS))
$(call one_of,FIRMWARE,$(FIRMWARES))
$(call one_of,PROGRAM,$(PROGRAMS))
$(if $(TIMEOUT),$(if $(shell echo '$(TIMEOUT)' | grep -Ex '[0-9]+(\.[0-9]+)?'),,$(error TIMEOUT=$(TIMEOUT) is no number of seconds)))

Q := $(if $(V),,@)
say = $(if $(V),:,printf '  %-7s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SECONDARY: # nothing that was made is removed again
# As many jobs as processors, unless the caller says otherwise.
JOBS := $(if $(findstring -j,$(MAKEFLAGS))$(filter-out 0,$(MAKELEVEL)),,--jobs=$(shell nproc))
MAKEFLAGS += --no-builtin-rules $(JOBS)

# --- packages: asked for once, before the first compiler runs; a no-op when all are there ---

RUN_PACKAGES := build/packages-$(if $(filter uefi,$(FIRMWARE)),uefi,run)
TEST_PACKAGES := build/packages-test

build/packages-%: tools/install_packages.sh
	$(Q)tools/install_packages.sh $*
	$(Q)mkdir -p $(@D) && touch $@

# --- flags ---

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Werror
COMPILE := $(CC) -std=gnu11 -O2 -g -MMD -MP $(WARNINGS)
# What stands on no operating system. The loop idiom must not become a call of memcpy inside memcpy.
GCC_ONLY := -fno-tree-loop-distribute-patterns
FREE := -ffreestanding -fno-common -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables $(if $(CLANG),,$(GCC_ONLY))
# No floating point registers: the kernel would clobber the user's, and the coordinator has not set them up.
GENERAL := -mno-red-zone -mgeneral-regs-only -mno-sse -mno-mmx

# gcc writes each object's call graph and frames beside it, for tools/check_stack.py.
CALL_GRAPH := $(if $(CLANG),,-fcallgraph-info=su)

# Without SSE nothing on a stack needs more alignment than a word has.
STACK_ALIGNMENT := $(if $(CLANG),-mstack-alignment=8,-mpreferred-stack-boundary=3)

# KERNEL_CHECKS: whether contracts are checked that the shipped kernel leaves out (shared/r4/contract.h).
KERNEL_FLAGS := $(FREE) $(GENERAL) $(STACK_ALIGNMENT) -mcmodel=kernel $(CALL_GRAPH) -DKERNEL_CHECKS=$(if $(CHECKS),1,0)
COORDINATOR_FLAGS := $(FREE) $(GENERAL) -mcmodel=small $(CALL_GRAPH)
USER_FLAGS := $(FREE) -mcmodel=small

define compile
@mkdir -p $(@D)
@$(call say,CC,$@)
$(Q)$(COMPILE) $(1) -c $< -o $@
endef

# The rules for all objects of one folder. $(1) = folder of the objects, $(2) = folder of the sources, $(3) = flags
define compile_rules
$(1)/%.o: $(2)/%.c Makefile | $(RUN_PACKAGES)
	$$(call compile,$(3))
$(1)/%.o: $(2)/%.S Makefile | $(RUN_PACKAGES)
	$$(call compile,$(3))
endef

define archive
@mkdir -p $(@D)
@$(call say,AR,$@)
$(Q)rm -f $@ && ar qcs $@ $^
endef

objects = $(patsubst $(1)/%,$(2)/%.o,$(basename $(3)))
sources = $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*.S,$(1)))
SHARED := $(wildcard shared/*.c)

# --- cluster kernel: one relocatable object, the only kernel in the ISO. Pure files see only their own folder and shared/. ---

KERNEL_FOLDERS := cluster-kernel $(patsubst %/,%,$(wildcard cluster-kernel/*/))
KERNEL_SOURCES := $(call sources,$(KERNEL_FOLDERS))
KERNEL_OBJECTS := $(call objects,cluster-kernel,$(BUILD)/kernel,$(KERNEL_SOURCES))
# What entry.S alone calls, and what only that calls: entry.S saves and loads these registers for a system call, so none of it has to.
# With clang it does so needlessly. tools/check_floors.py checks that nothing else calls it.
UNSAVED := $(if $(CLANG),,-fcall-used-rbx -fcall-used-r12 -fcall-used-r13 -fcall-used-r14 -fcall-used-r15)
$(filter $(BUILD)/kernel/syscall.o $(BUILD)/kernel/call/%,$(KERNEL_OBJECTS)): KERNEL_FLAGS += $(UNSAVED)
KERNEL_SHARED := $(call objects,shared,$(BUILD)/kernel/shared,$(SHARED))

$(eval $(call compile_rules,$(BUILD)/kernel,cluster-kernel,$$(KERNEL_FLAGS) -Icluster-kernel -Icluster-kernel/x86 -Ishared))
$(eval $(call compile_rules,$(BUILD)/kernel/pure,cluster-kernel/pure,$(KERNEL_FLAGS) -Ishared))
$(eval $(call compile_rules,$(BUILD)/kernel/shared,shared,$(KERNEL_FLAGS) -Ishared))
$(BUILD)/kernel/shared.a: $(KERNEL_SHARED)
	$(archive)

# A .rodata of strings alone would keep its merge flags, and GNU ld would then deduplicate what the boot linker does not.
$(BUILD)/kernel.o: $(KERNEL_OBJECTS) $(BUILD)/kernel/shared.a cluster-kernel/x86/merge.ld
	@$(call say,LD -r,$@)
	$(Q)ld -r -T cluster-kernel/x86/merge.ld -o $@ $(KERNEL_OBJECTS) $(BUILD)/kernel/shared.a
	$(Q)objcopy --set-section-flags .rodata=alloc,load,readonly,data,contents $@

# --- boot coordinator: what GRUB starts ---

COORDINATOR_SOURCES := $(call sources,boot-coordinator boot-coordinator/core boot-coordinator/x86)
COORDINATOR_OBJECTS := $(call objects,boot-coordinator,$(BUILD)/coordinator,$(COORDINATOR_SOURCES))
COORDINATOR_SHARED := $(call objects,shared,$(BUILD)/coordinator/shared,$(SHARED))

$(eval $(call compile_rules,$(BUILD)/coordinator,boot-coordinator,$(COORDINATOR_FLAGS) -Iboot-coordinator -Iboot-coordinator/x86 -Ishared))
$(eval $(call compile_rules,$(BUILD)/coordinator/core,boot-coordinator/core,$(COORDINATOR_FLAGS) -Ishared))
$(eval $(call compile_rules,$(BUILD)/coordinator/shared,shared,$(COORDINATOR_FLAGS) -Ishared))
$(BUILD)/coordinator/shared.a: $(COORDINATOR_SHARED)
	$(archive)

$(BUILD)/coordinator.elf: $(COORDINATOR_OBJECTS) $(BUILD)/coordinator/shared.a boot-coordinator/x86/coordinator.ld
	@$(call say,LD,$@)
	$(Q)ld -static -nostdlib -z max-page-size=4096 --no-warn-rwx-segments -T boot-coordinator/x86/coordinator.ld \
		-o $@ $(COORDINATOR_OBJECTS) $(BUILD)/coordinator/shared.a

# --- user program: one ELF, the root task of every cluster; the command line chooses which of its programs ---

USER_SOURCES := $(call sources,user/lib user/lib/x86 user/root user/bench user/suite user/fuzz)
USER_OBJECTS := $(call objects,user,$(BUILD)/user,$(USER_SOURCES))
USER_SHARED := $(call objects,shared,$(BUILD)/user/shared,$(SHARED))

$(eval $(call compile_rules,$(BUILD)/user,user,$(USER_FLAGS) -Iuser -Ishared))
$(eval $(call compile_rules,$(BUILD)/user/shared,shared,$(USER_FLAGS) -Ishared))
$(BUILD)/user/shared.a: $(USER_SHARED)
	$(archive)

$(BUILD)/root.elf: $(USER_OBJECTS) $(BUILD)/user/shared.a user/lib/user.ld
	@$(call say,LD,$@)
	$(Q)ld -static -nostdlib -z max-page-size=4096 -T user/lib/user.ld -o $@ $(USER_OBJECTS) $(BUILD)/user/shared.a

# --- one machine: layout, QEMU arguments, reference link and ISO, all under build/NAME/ ---

LINKGEN := tools/linkgen.py $(wildcard tools/config*.py) tools/picture.py tools/headers.py tools/accelerator.py tools/grub.cfg $(addprefix shared/r4/,types.h layout.h linker_constants.h)

define linkgen
@$(call say,LINKGEN,$(@D))
$(Q)$(PYTHON) tools/linkgen.py $< -o $(@D) $(LINKGEN_FLAGS)
$(Q)touch $@
endef

# The same machine with kernels that trace.
%-trace/layout.bin: LINKGEN_FLAGS := --trace
$(BUILD)/%-trace/layout.bin: configs/%.toml $(LINKGEN) | $(RUN_PACKAGES)
	$(linkgen)
$(BUILD)/%/layout.bin: configs/%.toml $(LINKGEN) | $(RUN_PACKAGES)
	$(linkgen)
$(BUILD)/%/layout.bin: tests/boot/tables/%.toml $(LINKGEN) | $(RUN_PACKAGES)
	$(linkgen)
$(BUILD)/%/layout.bin: tests/boot/machines/%.toml $(LINKGEN) | $(RUN_PACKAGES)
	$(linkgen)
ifneq ($(CONFIG),configs/$(NAME).toml)
$(MACHINE)/layout.bin: $(CONFIG) $(LINKGEN) | $(RUN_PACKAGES)
	$(linkgen)
endif

BOOT_FILES := $(BUILD)/coordinator.elf $(BUILD)/kernel.o $(BUILD)/root.elf

# ACPI tables of a machine's own are compiled into its image; any of them, since a layout may have come to name another.
TABLES := $(wildcard configs/*.asl tests/boot/tables/*.asl)

$(BUILD)/%/r4.iso: $(BUILD)/%/layout.bin $(BOOT_FILES) $(TABLES)
	@$(call say,ISO,$@)
	$(Q)rm -rf $(@D)/iso && mkdir -p $(@D)/iso/boot/grub
	$(Q)cp $(BOOT_FILES) $< $(@D)/iso/boot/ && cp $(@D)/grub.cfg $(@D)/iso/boot/grub/
	$(Q)while read -r table; do \
		iasl -p $(@D)/iso/boot/$$(basename $$table .asl) $$table >$(@D)/iasl.log 2>&1 || { cat $(@D)/iasl.log; exit 1; }; \
	done <$(@D)/tables
	$(Q)grub-mkrescue --locales= --fonts= --themes= -o $@ $(@D)/iso 2>$(@D)/grub-mkrescue.log \
		|| { cat $(@D)/grub-mkrescue.log; exit 1; }

# GNU ld's idea of each cluster's image: for gdb, and for the tests to hold the boot linker against.
$(BUILD)/%/reference: $(BUILD)/%/layout.bin $(BUILD)/kernel.o
	@$(call say,LD,$(@D)/cluster-*.elf)
	$(Q)for script in $(@D)/cluster-*.ld; do ld -T $$script -o $${script%.ld}.elf $(BUILD)/kernel.o || exit 1; done
	$(Q)touch $@

# --- the guest that tells whether KVM works here: a multiboot 1 image, which has to be called 32-bit ---

KVM_PROBE := $(BUILD)/kvm-probe.elf

$(BUILD)/kvm-probe.o: tools/probe/probe.S Makefile | $(RUN_PACKAGES)
	$(call compile,-Ishared)
$(KVM_PROBE): $(BUILD)/kvm-probe.o
	@$(call say,LD,$@)
	$(Q)ld -static -nostdlib --no-warn-rwx-segments -N -Ttext=0x100000 -e probe32 -o $@ $<
	$(Q)objcopy -O elf32-i386 $@

# --- commands ---

.PHONY: build iso run debug qemu-command help clean test check sim lint

build: $(BOOT_FILES) $(KVM_PROBE)
iso: $(MACHINE)/r4.iso

QEMU = $(PYTHON) tools/qemu.py --build $(MACHINE) --accel $(ACCEL) --firmware $(FIRMWARE) --program '$(PROGRAM)' \
	$(if $(TIMEOUT),--timeout '$(TIMEOUT)') $(if $(FAULT),--fault '$(FAULT)') $(if $(COMMAND),--command '$(COMMAND)')

# A run that fails is followed by what tells why, with functions and lines.
CONSOLE_LOG := $(MACHINE)/console.log

run: $(MACHINE)/reference $(MACHINE)/r4.iso $(KVM_PROBE)
	@$(QEMU) --log $(CONSOLE_LOG)

# Stopped before the first instruction, until gdb lets it run.
GDB_PORT ?= 1234
debug: $(MACHINE)/reference $(MACHINE)/r4.iso
	@$(PYTHON) tools/gdb/script.py $(MACHINE) --port $(GDB_PORT)
	@$(QEMU) --timeout 0 -- -gdb tcp:127.0.0.1:$(GDB_PORT) -S

qemu-command: $(MACHINE)/layout.bin $(KVM_PROBE)
	@$(QEMU) --print

EMPTY :=
choices = $(subst $(EMPTY) $(EMPTY),|,$(1))

help:
	@echo 'make               build kernel, coordinator and user program into $(BUILD)/'
	@echo 'make run           boot CONFIG in QEMU and run PROGRAM; exit status 0 if it succeeded'
	@echo 'make test          every check; the last line is "N passed, N failed"'
	@echo 'make check         the checks that need no emulator: under two minutes'
	@echo 'make sim           the kernel in the simulator: SEEDS=1000, or SEED=n to replay one'
	@echo 'make sim-mutants   each mutant is a kernel with one bug: the simulator has to find it'
	@echo 'make explore       every order of accesses to shared memory in small scenarios; RUN=NAME, RUN=NAME:CLUSTER (which dies), ENDS=1'
	@echo 'make explore-mutants  bugs that this search has to find'
	@echo 'make fuzz          fuzzing: all targets or TARGET=NAME, RUNS=1000000'
	@echo 'make prove         lemmas about slots, derivation and walks; Frama-C on the parsers, installs frama-c-base'
	@echo 'make prove-lemmas  the lemmas alone; prove-NAME one parser: $(PROOFS)'
	@echo 'make lint          static analysis, types, formatting, shell, spelling; part of `make test`'
	@echo 'make iso           the boot image $(MACHINE)/r4.iso'
	@echo 'make debug         `make run` stopped at its start, for gdb at GDB_PORT=1234 with a script that it names'
	@echo 'make qemu-command  print the QEMU command line of `make run`'
	@echo 'make clean         remove $(BUILD)/'
	@echo
	@echo 'CONFIG=configs/NAME.toml   $(CONFIGS)'
	@echo 'ACCEL=$(call choices,$(ACCELERATORS))  FIRMWARE=$(call choices,$(FIRMWARES))  PROGRAM=$(call choices,$(PROGRAMS))'
	@echo 'CC=gcc|clang               CHECKS=1 (kernels that check every contract)   TRACE=1 (kernels that trace)   V=1 (show commands)   EMULATOR=PATH (another QEMU)'
	@echo 'COMMAND="words"            for the command line (docs/boot.md lists them): serial=0x2f8,57600   FAULT=text, for tests'
	@echo 'TIMEOUT=60                 seconds without output after which a run is ended; 0: never; time that QEMU waits for a processor does not count'
	@echo 'Debian packages that are missing are named and installed first, as root or through sudo.'

clean:
	rm -rf $(BUILD)

include tests/tests.mk

-include $(patsubst %.o,%.d,$(KERNEL_OBJECTS) $(COORDINATOR_OBJECTS) $(USER_OBJECTS) \
	$(KERNEL_SHARED) $(COORDINATOR_SHARED) $(USER_SHARED))
