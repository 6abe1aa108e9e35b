# SPDX-License-Identifier: MIT
#
# The search: the kernel's generic sources, compiled so that each access to memory is reported (tests/explore/access.c), and a search of
# all that a few instances of it can do. Included by tests/tests.mk after the simulator, of which it uses most. A mutant's file
# (tests/explore/mutants/NAME.toml) names the run that has to find it.

EXPLORE := build/explore/r4explore
EXPLORE_HOST_CC = gcc -std=gnu11 -O2 -g -MMD -MP $(WARNINGS) -DKERNEL_CHECKS=1 -fno-pic -fno-pie $(SIM_INCLUDE) -Itests/explore
KERNEL_CC_explore = $(filter-out $(SIM_SANITIZE),$(KERNEL_CC_sim)) -fsanitize=thread --param=tsan-instrument-func-entry-exit=0

EXPLORE_SIM := $(patsubst %,build/sim/host/tests/sim/%.o,audit cap_scan check cpu instance mapping_audit memory names tlb)
EXPLORE_OBJECTS := $(patsubst %.c,build/explore/host/%.o,$(wildcard tests/explore/*.c))

build/explore/host/%.o: %.c tests/explore/explore.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)$(EXPLORE_HOST_CC) -c $< -o $@
$(EXPLORE): $(EXPLORE_OBJECTS) $(EXPLORE_SIM) $(SIM_PURE:%.c=build/sim/host/%.o)
	@$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie -rdynamic $(SIM_SANITIZE) -o $@ $^ -ldl

$(eval $(call sim_kernel_itself,explore))

# --- runs: a scenario, and which cluster dies in it ---

EXPLORE_RUNS := lend late
EXPLORE_COMMAND = $(EXPLORE) build/explore/kernel.o

EXPLORE_MUTANTS := $(basename $(notdir $(wildcard tests/explore/mutants/*.toml)))
EXPLORE_MUTANT_KERNELS := $(EXPLORE_MUTANTS:%=build/explore/mutants/%/kernel.o)
$(foreach mutant,$(EXPLORE_MUTANTS),$(eval $(call sim_mutant,$(mutant),explore)))
# $(1) = mutant
explore_mutant_command = $(EXPLORE) build/explore/mutants/$(1)/kernel.o $(call mutant_says,$(1),explore,run) --expect $(1)

.PHONY: explore
explore: $(EXPLORE) build/explore/kernel.o $(EXPLORE_MUTANT_KERNELS)
	@set -e; $(foreach run,$(EXPLORE_RUNS),$(EXPLORE_COMMAND) $(subst :, --kill ,$(run));) \
		$(foreach mutant,$(EXPLORE_MUTANTS),$(call explore_mutant_command,$(mutant));)

-include $(EXPLORE_OBJECTS:.o=.d)
