# SPDX-License-Identifier: MIT
#
# The search: the kernel's generic sources, compiled so that each access to memory is reported (tests/explore/access.c), and a search of
# all that a few instances of it can do. Included by tests/tests.mk after the simulator, of which it uses most. A mutant's file
# (tests/explore/mutants/NAME.toml) names the run that has to find it.

EXPLORE := build/explore/r4explore
EXPLORE_HOST_CC = gcc -std=gnu11 -O3 -g -MMD -MP $(WARNINGS) -DKERNEL_CHECKS=1 -fno-pic -fno-pie $(SIM_INCLUDE) -Itests/explore
KERNEL_CC_explore = $(filter-out $(SIM_SANITIZE),$(KERNEL_CC_sim)) -fsanitize=thread --param=tsan-instrument-func-entry-exit=0

EXPLORE_SIM := $(patsubst %,build/sim/host/tests/sim/%.o,audit cap_scan check cpu hosted instance mapping_audit memory names stand_audit tlb)
EXPLORE_OBJECTS := $(patsubst %.c,build/explore/host/%.o,$(wildcard tests/explore/*.c))

build/explore/host/%.o: %.c tests/explore/explore.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)$(EXPLORE_HOST_CC) -c $< -o $@
$(EXPLORE): $(EXPLORE_OBJECTS) $(EXPLORE_SIM) $(SIM_PURE:%.c=build/sim/host/%.o)
	@$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie -rdynamic $(SIM_SANITIZE) -o $@ $^ -ldl

$(eval $(call sim_kernel_itself,explore))

# --- runs: a scenario, and after a colon which cluster dies in it ---

# Seconds; minutes.
EXPLORE_SHORT := lend lend:0 lend:1 late late:0 late:1 own own:0 own:1 impatient impatient:0 impatient:1 refused refused:0 refused:1 \
	back back:0 back:1
EXPLORE_LONG := chain chain-own round cross chain:0 chain:1 chain:2 chain-own:0 chain-own:1 chain-own:2 cross:0 cross:1
RUN ?= $(EXPLORE_SHORT) $(EXPLORE_LONG)
EXPLORE_RUNS := $(EXPLORE_SHORT) $(EXPLORE_LONG) round:0 round:1 round:2
$(if $(filter explore,$(MAKECMDGOALS)),$(call some_of,RUN,$(EXPLORE_RUNS))$(if $(strip $(RUN)),,$(error RUN= is empty: some of $(EXPLORE_RUNS))))
# $(1) = runs
explore_commands = set -e; $(foreach run,$(1),$(EXPLORE) build/explore/kernel.o $(subst :, --kill ,$(run)) $(if $(ENDS),--ends);)

EXPLORE_MUTANTS := $(basename $(notdir $(wildcard tests/explore/mutants/*.toml)))
EXPLORE_MUTANT_KERNELS := $(EXPLORE_MUTANTS:%=build/explore/mutants/%/kernel.o)
$(foreach mutant,$(EXPLORE_MUTANTS),$(eval $(call sim_mutant,$(mutant),explore)))
# $(1) = mutant
explore_mutant_command = $(EXPLORE) build/explore/mutants/$(1)/kernel.o $(call mutant_says,$(1),explore,run) --expect $(1)

.PHONY: explore explore-mutants
explore.built: $(EXPLORE) build/explore/kernel.o
explore:
	$(call locked,$@.built)
	@$(call explore_commands,$(RUN))
explore-mutants.built: $(EXPLORE) $(EXPLORE_MUTANT_KERNELS)
explore-mutants:
	$(call locked,$@.built)
	@set -e; $(foreach mutant,$(EXPLORE_MUTANTS),$(call explore_mutant_command,$(mutant));)

# What `make check` and `make test` build and run.
EXPLORE_BUILT := $(EXPLORE) build/explore/kernel.o
EXPLORE_SHORT_CHECK = --command 'explore: $(call explore_commands,$(EXPLORE_SHORT))'
EXPLORE_CHECKS = --command 'explore chains: $(call explore_commands,chain chain-own)' \
	$(foreach mutant,$(EXPLORE_MUTANTS),--command 'explore with $(mutant): $(call explore_mutant_command,$(mutant))')

-include $(EXPLORE_OBJECTS:.o=.d)
