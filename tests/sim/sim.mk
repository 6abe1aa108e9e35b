# SPDX-License-Identifier: MIT
#
# The simulator: the kernel's generic sources, unchanged, for a hosted machine, loaded several times into one process by the boot linker.
# Included by tests/tests.mk. Plants are copies of the sources with one bug each (tests/sim/plants/NAME.toml).

SIM := build/sim/r4sim
STEPS ?= 2000
SIM_JOBS := $(shell nproc)
SIM_PLANTS := $(basename $(notdir $(wildcard tests/sim/plants/*.toml)))

SIM_SANITIZE := -fsanitize=undefined -fno-sanitize-recover=undefined
SIM_INCLUDE := -Itests/sim -Icluster-kernel -Ishared
SIM_KERNEL_CC = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -ffreestanding -fno-common -fno-pic -fno-pie -mcmodel=small \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables $(GCC_ONLY) $(SIM_SANITIZE)
SIM_HOST_CC = gcc -std=gnu11 -O1 -g -MMD -MP $(WARNINGS) -fno-pic -fno-pie $(SIM_SANITIZE) $(SIM_INCLUDE)

# One kernel object. $(1) = build folder, $(2) = source folder
define sim_kernel
$(1)/objects := $$(patsubst $(2)/%.c,$(1)/%.o,$$(wildcard $(2)/*.c $(2)/core/*.c $(2)/object/*.c))
$(1)/shared := $$(SHARED:%.c=build/sim/kernel/%.o)
$(1)/%.o: $(2)/%.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $$(@D)
	@$$(call say,SIMCC,$$@)
	$$(Q)$$(SIM_KERNEL_CC) -Itests/sim -I$(2) -Ishared -c $$< -o $$@
endef

$(eval $(call sim_kernel,build/sim/kernel,cluster-kernel))
build/sim/kernel/shared/%.o: shared/%.c tests/sim/sim.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,SIMCC,$@)
	$(Q)$(SIM_KERNEL_CC) -Ishared -c $< -o $@

define sim_kernel_link
@$(call say,LD -r,$@)
$(Q)ld -r -T cluster-kernel/x86/merge.ld -o $@ $(filter %.o,$^)
$(Q)objcopy --set-section-flags .rodata=alloc,load,readonly,data,contents $@
endef

build/sim/kernel.o: $(build/sim/kernel/objects) $(build/sim/kernel/shared) cluster-kernel/x86/merge.ld
	$(sim_kernel_link)

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

-include $(SIM_OBJECTS:.o=.d) $(build/sim/kernel/objects:.o=.d) $(build/sim/kernel/shared:.o=.d)
