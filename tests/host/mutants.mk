# SPDX-License-Identifier: MIT
#
# Mutants that a unit test has to find, since neither the simulator nor the search can: tests/host/mutants/NAME.toml says which test, and
# which other objects of the kernel that is linked with. Included by tests/tests.mk after the simulator's rules.

HOST_MUTANTS := $(basename $(notdir $(wildcard tests/host/mutants/*.toml)))
HOST_MUTANT_TESTS := $(HOST_MUTANTS:%=$(HOST)/mutants/%/test)

# $(1) = mutant
define host_mutant
$(HOST)/mutants/$(1)/mutant: tests/host/mutants/$(1).toml tests/sim/mutant.py $(call mutant_changed,$(1),host)
	@mkdir -p $$(@D)
	$$(Q)$(PYTHON) tests/sim/mutant.py cluster-kernel $(HOST)/mutants/$(1)/source $$< && touch $$@
$(HOST)/mutants/$(1)/source/$(call mutant_says,$(1),host,file): $(HOST)/mutants/$(1)/mutant ;
$(HOST)/mutants/$(1)/changed.o: $(HOST)/mutants/$(1)/source/$(call mutant_says,$(1),host,file)
	$$(call host_compile,$$(ASAN) -iquote tests/sim)
$(HOST)/mutants/$(1)/test: $(HOST)/mutants/$(1)/changed.o $(HOST)/asan/tests/host/$(call mutant_says,$(1),host,test).o \
		$(patsubst %,$(HOST)/asan/cluster-kernel/%.o,$(call mutant_says,$(1),host,objects)) $(HOST)/asan/pure.a
	@$$(call say,HOSTLD,$$@)
	$$(Q)gcc -no-pie $(ASAN) -o $$@ $$(linked) $(CHECK_LIBS)
endef
$(foreach mutant,$(HOST_MUTANTS),$(eval $(call host_mutant,$(mutant))))

# An assertion has to fail; an end by a signal or a sanitizer does not count. $(1) = mutant
host_mutant_command = if $(HOST)/mutants/$(1)/test >$(HOST)/mutants/$(1)/log 2>&1; then echo NOT caught; exit 1; fi; \
	grep -m 1 ':F:' $(HOST)/mutants/$(1)/log

.PHONY: host-mutants
host-mutants.built: $(HOST_MUTANT_TESTS)
host-mutants:
	$(call locked,$@.built)
	@set -e; $(foreach mutant,$(HOST_MUTANTS),$(call host_mutant_command,$(mutant));)
HOST_MUTANT_CHECKS = $(foreach mutant,$(HOST_MUTANTS),--command 'unit tests with $(mutant): $(call host_mutant_command,$(mutant))')
