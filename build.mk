# SPDX-License-Identifier: MIT
#
# How the product is built; included by the Makefile. Sources are found by wildcard: a new file needs no line here. Order: packages, flags,
# kernel, coordinator, user program, machines. Read by a make that holds the tree's lock.

# --- packages: asked for once, before the first compiler runs; a no-op when all are there ---

RUN_PACKAGES := $(TREE)/packages-$(if $(filter uefi,$(FIRMWARE)),uefi,run)
TEST_PACKAGES := $(TREE)/packages-test

$(TREE)/packages-%: tools/install_packages.sh
	$(Q)tools/install_packages.sh $*
	$(Q)mkdir -p $(@D) && touch $@

.PHONY: FORCE
# Keeps the file as it is if it would not change. $(1) = command that writes it to its standard output
define if_changed
@mkdir -p $(@D)
@$(1) >$@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
endef

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

# Another compiler, or other flags of the caller's, make other objects.
COMPILER := $(BUILD)/compiler
$(COMPILER): FORCE
	$(call if_changed,{ $(CC) --version | head -n 1 && echo $(call quoted,$(COMPILE)); })

define compile
@mkdir -p $(@D)
@$(call say,CC,$@)
$(Q)$(COMPILE) $(1) -c $< -o $@
endef

# The rules for all objects of one folder. $(1) = folder of the objects, $(2) = folder of the sources, $(3) = flags
define compile_rules
$(1)/%.o: $(2)/%.c build.mk $(COMPILER) | $(RUN_PACKAGES)
	$$(call compile,$(3))
$(1)/%.o: $(2)/%.S build.mk $(COMPILER) | $(RUN_PACKAGES)
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

# --- the coordinator's pure parts as a host program, for tools/linkgen.py: it and the boot judge a machine by the same code ---

EXAMINE := $(BUILD)/examine/examine
EXAMINE_SOURCES := $(wildcard tools/examine/*.c boot-coordinator/core/*.c) $(SHARED) \
	$(addprefix boot-coordinator/,modules.c tables.c layout.c memory.c)
EXAMINE_OBJECTS := $(EXAMINE_SOURCES:%.c=$(BUILD)/examine/%.o)
# The C library has the memory functions; ours are here under other names, that no call reaches.
EXAMINE_FLAGS := -DKERNEL_CHECKS=1 -Ishared -iquote boot-coordinator

$(BUILD)/examine/shared/string.o: EXAMINE_FLAGS += $(foreach name,memcpy memmove memset memcmp,-D$(name)=string_$(name)) $(if $(CLANG),,$(GCC_ONLY))
$(EXAMINE_OBJECTS): $(BUILD)/examine/%.o: %.c build.mk $(COMPILER) | $(RUN_PACKAGES)
	$(call compile,$(EXAMINE_FLAGS))
# It is started with kernel and root task as its arguments.
$(EXAMINE): $(EXAMINE_OBJECTS) | $(BUILD)/kernel.o $(BUILD)/root.elf
	@$(call say,HOSTLD,$@)
	$(Q)$(CC) -o $@ $^

# --- one machine: layout, QEMU arguments, reference link and ISO, all under build/NAME/ ---

LINKGEN := tools/linkgen.py $(wildcard tools/config*.py) $(addprefix tools/layout_,binary.py error.py) tools/picture.py tools/headers.py tools/accelerator.py tools/grub.cfg $(addprefix shared/r4/,types.h layout.h linker_constants.h)

# Content decides, not time: a machine is made anew if what it was made of is not the same.
$(MACHINE)/sources: FORCE
	$(call if_changed,$(call contents,$(CONFIG)))
$(BUILD)/%-trace/sources: configs/%.toml FORCE
	$(call if_changed,$(call contents,$<))
$(BUILD)/%/sources: configs/%.toml FORCE
	$(call if_changed,$(call contents,$<))
$(BUILD)/%/sources: tests/boot/tables/%.toml FORCE
	$(call if_changed,$(call contents,$<))
$(BUILD)/%/sources: tests/boot/machines/%.toml FORCE
	$(call if_changed,$(call contents,$<))

%-trace/layout.bin: LINKGEN_FLAGS := --trace # the same machine with kernels that trace
$(BUILD)/%/layout.bin: $(BUILD)/%/sources $(LINKGEN) | $(RUN_PACKAGES)
	@$(call say,LINKGEN,$(@D))
	$(Q)$(PYTHON) tools/linkgen.py "$$(head -n 1 $<)" -o $(@D) $(LINKGEN_FLAGS)
	$(Q)touch $@

ifneq ($(LAYOUT),)
$(MACHINE)/layout.bin: $(LAYOUT_FILE) tools/grub.cfg | $(RUN_PACKAGES)
	@$(call say,LINKGEN,$(@D))
	$(Q)$(PYTHON) tools/linkgen.py image $< -o $(@D)
endif

BOOT_FILES := $(BUILD)/coordinator.elf $(BUILD)/kernel.o $(BUILD)/root.elf

# ACPI tables of a machine's own are compiled into its image. Whoever reads the image has the old one or the new one.
$(BUILD)/%/r4.iso: $(BUILD)/%/layout.bin $(BOOT_FILES)
	@$(call say,ISO,$@)
	$(Q)rm -rf $(@D)/iso && mkdir -p $(@D)/iso/boot/grub
	$(Q)cp $(BOOT_FILES) $< $(@D)/iso/boot/ && cp $(@D)/grub.cfg $(@D)/iso/boot/grub/
	$(Q)if [ -s $(@D)/tables ]; then tools/install_packages.sh tables; fi
	$(Q)while read -r table; do \
		iasl -p "$(@D)/iso/boot/$$(basename "$$table" .asl)" "$$table" >$(@D)/iasl.log 2>&1 || { cat $(@D)/iasl.log; exit 1; }; \
	done <$(@D)/tables
	$(Q)grub-mkrescue --locales= --fonts= --themes= -o $@.new $(@D)/iso 2>$(@D)/grub-mkrescue.log \
		|| { cat $(@D)/grub-mkrescue.log; exit 1; }
	$(Q)mv $@.new $@

# GNU ld's idea of each cluster's image: for gdb, and for the tests to hold the boot linker against.
$(BUILD)/%/reference: $(BUILD)/%/layout.bin $(BUILD)/kernel.o
	@$(call say,LD,$(@D)/cluster-*.elf)
	$(Q)for script in $(@D)/cluster-*.ld; do ld -T $$script -o $${script%.ld}.elf $(BUILD)/kernel.o || exit 1; done
	$(Q)touch $@

# --- the guest that tells whether KVM works here: a multiboot 1 image, which has to be called 32-bit ---

KVM_PROBE := $(BUILD)/kvm-probe.elf

$(BUILD)/kvm-probe.o: tools/probe/probe.S build.mk $(COMPILER) | $(RUN_PACKAGES)
	$(call compile,-Ishared)
$(KVM_PROBE): $(BUILD)/kvm-probe.o
	@$(call say,LD,$@)
	$(Q)ld -static -nostdlib --no-warn-rwx-segments -N -Ttext=0x100000 -e probe32 -o $@ $<
	$(Q)objcopy -O elf32-i386 $@

-include $(patsubst %.o,%.d,$(KERNEL_OBJECTS) $(COORDINATOR_OBJECTS) $(USER_OBJECTS) \
	$(KERNEL_SHARED) $(COORDINATOR_SHARED) $(USER_SHARED) $(EXAMINE_OBJECTS))
