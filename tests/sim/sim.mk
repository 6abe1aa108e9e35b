# SPDX-License-Identifier: MIT
#
# The simulator: the kernel's generic sources, unchanged, for a hosted machine, loaded several times into one process by the boot linker.
# Included by tests/tests.mk. Plants are copies of the sources with one bug each (tests/sim/plants/NAME.toml).

SIM := build/sim/r4sim
STEPS ?= 2000
SIM_JOBS := $(shell nproc)
$(if $(filter sim,$(MAKECMDGOALS)),$(foreach name,SEEDS STEPS $(if $(SEED),SEED),$(call a_number,$(name))))

SIM_SANITIZE := -fsanitize=undefined -fno-sanitize-recover=undefined
SIM_INCLUDE := -Itests/sim -Icluster-kernel -Ishared
SIM_KERNEL_CC = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -ffreestanding -fno-common -fno-pic -fno-pie -mcmodel=small \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables $(GCC_ONLY) $(SIM_SANITIZE)
SIM_HOST_CC = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -fno-pic -fno-pie $(SIM_SANITIZE) $(SIM_INCLUDE)

SIM_SOURCES := $(wildcard cluster-kernel/*.c cluster-kernel/core/*.c cluster-kernel/object/*.c)
SIM_SHARED := $(SHARED:%.c=build/sim/kernel/%.o)

# The objects of one kernel. $(1) = folder of the objects, $(2) = folder of the sources
define sim_kernel
$(SIM_SOURCES:cluster-kernel/%.c=$(1)/%.o): $(1)/%.o: $(2)/%.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $$(@D)
	@$$(call say,SIMCC,$$@)
	$$(Q)$$(SIM_KERNEL_CC) -Itests/sim -I$(2) -Ishared -c $$< -o $$@
$(1).o: $(SIM_SOURCES:cluster-kernel/%.c=$(1)/%.o) $(SIM_SHARED) cluster-kernel/x86/merge.ld
	@$$(call say,LD -r,$$@)
	$$(Q)ld -r -T cluster-kernel/x86/merge.ld -o $$@ $$(filter %.o,$$^)
	$$(Q)objcopy --set-section-flags .rodata=alloc,load,readonly,data,contents $$@
-include $(SIM_SOURCES:cluster-kernel/%.c=$(1)/%.d)
endef

$(eval $(call sim_kernel,build/sim/kernel,cluster-kernel))
build/sim/kernel/shared/%.o: shared/%.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,SIMCC,$@)
	$(Q)$(SIM_KERNEL_CC) -Ishared -c $< -o $@

# --- the simulator itself, with the pure sources that it shares with the kernel ---

SIM_PURE := $(SHARED) $(wildcard cluster-kernel/core/*.c)
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

# --- planted bugs: each has to be caught within SIM_PLANT_SEEDS seeds ---

SIM_PLANTS := $(basename $(notdir $(wildcard tests/sim/plants/*.toml)))
SIM_PLANT_SEEDS := 600
SIM_PLANT_KERNELS := $(SIM_PLANTS:%=build/sim/plants/%/kernel.o)

define sim_plant
build/sim/plants/$(1)/planted: tests/sim/plants/$(1).toml tests/sim/plant.py \
		$(wildcard cluster-kernel/*.[ch] cluster-kernel/*/*.[ch])
	@mkdir -p $$(@D)
	$$(Q)$$(if $$(filter %.toml,$$?),rm -rf build/sim/plants/$(1)/kernel)
	$$(Q)$(PYTHON) tests/sim/plant.py cluster-kernel build/sim/plants/$(1)/source $$< && touch $$@
build/sim/plants/$(1)/source/%.c: build/sim/plants/$(1)/planted ;
$(call sim_kernel,build/sim/plants/$(1)/kernel,build/sim/plants/$(1)/source)
endef
$(foreach plant,$(SIM_PLANTS),$(eval $(call sim_plant,$(plant))))

# $(1) = plant
sim_plant_command = $(SIM) build/sim/plants/$(1)/kernel.o --steps $(STEPS) --seeds $(SIM_PLANT_SEEDS) --expect $(1)

.PHONY: sim-plants
sim-plants: $(SIM) $(SIM_PLANT_KERNELS)
	@set -e; $(foreach plant,$(SIM_PLANTS),$(call sim_plant_command,$(plant));)

# What `make test` builds and runs.
SIM_TARGETS := $(SIM) $(SIM_PLANT_KERNELS)
SIM_CHECKS = --command 'sim: $(SIM_COMMAND)' \
	$(foreach plant,$(SIM_PLANTS),--command 'sim with $(plant): $(call sim_plant_command,$(plant))')

-include $(SIM_OBJECTS:.o=.d) $(SIM_SHARED:.o=.d)
