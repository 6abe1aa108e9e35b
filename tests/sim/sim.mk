# SPDX-License-Identifier: MIT
#
# The simulator: the kernel's generic sources, unchanged, for a hosted machine, loaded several times into one process by the boot linker.
# Included by tests/tests.mk. Mutants are copies of the sources with one bug each (tests/sim/mutants/NAME.toml).

SIM := build/sim/r4sim
STEPS ?= 2000
SIM_JOBS := $(shell nproc)
$(if $(filter sim,$(MAKECMDGOALS)),$(foreach name,SEEDS STEPS $(if $(SEED),SEED),$(call a_number,$(name))))

SIM_SANITIZE := -fsanitize=undefined -fno-sanitize-recover=undefined
SIM_INCLUDE := -Itests/sim -Icluster-kernel -Ishared
KERNEL_CC_sim = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -DKERNEL_CHECKS=1 -ffreestanding -fno-common -fno-pic -fno-pie -mcmodel=small \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables $(GCC_ONLY) $(SIM_SANITIZE)
SIM_HOST_CC = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -DKERNEL_CHECKS=1 -fno-pic -fno-pie $(SIM_SANITIZE) $(SIM_INCLUDE)

SIM_SOURCES := $(wildcard $(addsuffix /*.c,$(filter-out cluster-kernel/x86,$(KERNEL_FOLDERS))))

# One kernel. $(1) = folder of the objects, $(2) = folder of the sources, $(3) = the sources that are compiled there; the objects of
# all others are those of the kernel itself, in build/$(4)/kernel. $(4) = sim or explore: who compiles it, and for whom
define sim_kernel
$(3:cluster-kernel/%.c=$(1)/%.o): $(1)/%.o: $(2)/%.c tests/$(4)/$(4).mk | $(TEST_PACKAGES)
	@mkdir -p $$(@D)
	@$$(call say,SIMCC,$$@)
	$$(Q)$$(KERNEL_CC_$(4)) -Itests/sim -I$(2) -Ishared -c $$< -o $$@
$(1).o: $(3:cluster-kernel/%.c=$(1)/%.o) $(patsubst cluster-kernel/%.c,build/$(4)/kernel/%.o,$(filter-out $(3),$(SIM_SOURCES))) \
		$(SHARED:%.c=build/$(4)/kernel/%.o) cluster-kernel/x86/merge.ld
	@$$(call say,LD -r,$$@)
	$$(Q)ld -r -T cluster-kernel/x86/merge.ld -o $$@ $$(filter %.o,$$^)
	$$(Q)objcopy --set-section-flags .rodata=alloc,load,readonly,data,contents -R '.init_array*' -R '.rela.init_array*' $$@
-include $(3:cluster-kernel/%.c=$(1)/%.d)
endef
# The kernel itself. $(1) = sim or explore
define sim_kernel_itself
$(call sim_kernel,build/$(1)/kernel,cluster-kernel,$(SIM_SOURCES),$(1))
build/$(1)/kernel/shared/%.o: shared/%.c tests/$(1)/$(1).mk | $(TEST_PACKAGES)
	@mkdir -p $$(@D)
	@$$(call say,SIMCC,$$@)
	$$(Q)$$(KERNEL_CC_$(1)) -Ishared -c $$< -o $$@
-include $(SHARED:%.c=build/$(1)/kernel/%.d)
endef

$(eval $(call sim_kernel_itself,sim))

# --- the simulator itself, with the pure sources that it shares with the kernel ---

SIM_PURE := $(SHARED) $(wildcard cluster-kernel/pure/*.c)
SIM_OBJECTS := $(patsubst %.c,build/sim/host/%.o,$(wildcard tests/sim/*.c) $(SIM_PURE))

build/sim/host/%.o: %.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)$(SIM_HOST_CC) -c $< -o $@
# The C library keeps its own memory functions.
build/sim/host/shared/string.o: shared/string.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)$(SIM_HOST_CC) $(RENAMED) -c $< -o $@

$(SIM): $(SIM_OBJECTS) build/sim/kernel.o
	@$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie -rdynamic $(SIM_SANITIZE) -o $@ $(SIM_OBJECTS) -ldl

SIM_COMMAND = $(SIM) build/sim/kernel.o --steps $(STEPS) $(if $(TRACE),--trace) $(if $(AUDIT),--audit $(AUDIT)) \
	$(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --jobs $(SIM_JOBS))

# --- mutants: each has to be caught within SIM_MUTANT_SEEDS seeds ---

SIM_MUTANTS := $(basename $(notdir $(wildcard tests/sim/mutants/*.toml)))
SIM_MUTANT_SEEDS := 600
SIM_MUTANT_KERNELS := $(SIM_MUTANTS:%=build/sim/mutants/%/kernel.o)

# What a mutant's file says. $(1) = mutant, $(2) = sim or explore: whose it is, $(3) = the word
mutant_says = $(shell sed -n 's/^$(3) = "\(.*\)"$$/\1/p' tests/$(2)/mutants/$(1).toml)
# The sources that it changes: all, if it changes a header.
mutant_changed = $(addprefix cluster-kernel/,$(call mutant_says,$(1),$(2),file))
mutant_compiled = $(if $(filter %.h,$(mutant_changed)),$(SIM_SOURCES),$(mutant_changed))

define sim_mutant
build/$(2)/mutants/$(1)/mutant: tests/$(2)/mutants/$(1).toml tests/sim/mutant.py \
		$(wildcard cluster-kernel/*.[ch] cluster-kernel/*/*.[ch])
	@mkdir -p $$(@D)
	$$(Q)$(PYTHON) tests/sim/mutant.py cluster-kernel build/$(2)/mutants/$(1)/source $$< && touch $$@
build/$(2)/mutants/$(1)/source/%.c: build/$(2)/mutants/$(1)/mutant ;
$(call sim_kernel,build/$(2)/mutants/$(1)/kernel,build/$(2)/mutants/$(1)/source,$(call mutant_compiled,$(1),$(2)),$(2))
endef
$(foreach mutant,$(SIM_MUTANTS),$(eval $(call sim_mutant,$(mutant),sim)))

# The word `broken` is what the failure has to say. $(1) = mutant
sim_mutant_command = $(SIM) build/sim/mutants/$(1)/kernel.o --steps $(STEPS) --seeds $(SIM_MUTANT_SEEDS) --expect $(1) \
	--broken "$(call mutant_says,$(1),sim,broken)"

.PHONY: sim-mutants
sim-mutants.built: $(SIM) $(SIM_MUTANT_KERNELS)
sim-mutants:
	$(call locked,$@.built)
	@set -e; $(foreach mutant,$(SIM_MUTANTS),$(call sim_mutant_command,$(mutant));)

# What `make test` builds and runs.
SIM_TARGETS := $(SIM) $(SIM_MUTANT_KERNELS)
SIM_PROGRESS = $(SIM) build/sim/kernel.o --steps 100 --seeds 3 --progress 0 2>&1 >build/sim/progress.log
SIM_CHECKS = --command 'sim: $(SIM_COMMAND)' \
	--command 'sim says how far it is: test "$$($(SIM_PROGRESS) | tr "\n" ,)" = "1 of 3 seeds passed,2 of 3 seeds passed,"' \
	$(foreach mutant,$(SIM_MUTANTS),--command 'sim with $(mutant): $(call sim_mutant_command,$(mutant))')

-include $(SIM_OBJECTS:.o=.d)
