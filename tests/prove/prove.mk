# SPDX-License-Identifier: MIT
#
# Proofs; included by tests/tests.mk. Those of lemmas about slots, derivation and walks (test_lemmas.py) are part of `make test`.
# Those with Frama-C's EVA, one driver prove_X.c per parser, are not: Debian's frama-c-base brings OCaml, GTK and Why3 along, and a proof
# takes up to minutes. The first `make prove` installs it.

PROOFS := $(patsubst tests/prove/prove_%.c,%,$(wildcard tests/prove/prove_*.c))
PROVE_PACKAGES := build/packages-prove
PROVE_INCLUDE := -cpp-extra-args=-Ishared -cpp-extra-args=-iquoteboot-coordinator -cpp-extra-args=-iquotetests/prove

# What is analysed besides the driver, the general part and the memory functions.
PROVE_SOURCES_fadt := boot-coordinator/core/fadt.c
PROVE_SOURCES_layout := shared/layout.c
PROVE_SOURCES_madt := boot-coordinator/core/madt.c tests/prove/entries.c
PROVE_SOURCES_slit := boot-coordinator/core/slit.c
PROVE_SOURCES_srat := boot-coordinator/core/srat.c tests/prove/entries.c

# Each buffer is an object of its own, and so is each answer of what says true or false. Precision beyond that, where it is needed:
PROVE_EVA := -eva -eva-alloc-builtin fresh -eva-auto-loop-unroll 400 -eva-split-limit 300 -eva-interprocedural-splits -eva-no-show-progress \
	-eva-msg-key=-initial-state,-final-states -eva-slevel-function acpi_next:20
prove_renamed = -cpp-extra-args-per-file=boot-coordinator/core/$(1).c:'-Dacpi_next=prove_next' -eva-split-return-function prove_next:0
PROVE_EVA_acpi := -eva-slevel 100 -eva-partition-history 2 -eva-interprocedural-history -eva-split-return-function acpi_next:0
PROVE_EVA_layout := -eva-slevel 30 -eva-auto-loop-unroll 41 -eva-split-return-function memory_good:0,cluster_good:0
PROVE_EVA_madt := $(call prove_renamed,madt) -eva-plevel 4200
PROVE_EVA_next := -eva-slevel 30 -eva-split-return-function acpi_next:0
PROVE_EVA_slit := -eva-slevel 30
PROVE_EVA_srat := $(call prove_renamed,srat)

.PHONY: prove prove-lemmas $(PROOFS:%=prove-%)
prove: prove-lemmas $(PROOFS:%=prove-%)
	@echo '$(words $(PROOFS)) parsers without an alarm: $(PROOFS)'

prove-lemmas:
	$(call locked,$(TEST_PACKAGES))
	@$(RUN_TESTS) --pytest tests/prove

prove-%:
	$(error there is no $@: one of prove-lemmas $(PROOFS:%=prove-%))

# No alarm, and no assertion of the driver left open.
$(PROOFS:%=prove-%): prove-%: tests/prove/prove_%.c
	$(call locked,$(PROVE_PACKAGES))
	@mkdir -p build/prove
	@$(call say,PROVE,$*)
	$(Q)frama-c -machdep gcc_x86_64 -c11 $(PROVE_INCLUDE) $< $(PROVE_SOURCES_$*) boot-coordinator/core/acpi.c shared/string.c tests/prove/refusal.c \
		$(PROVE_EVA) $(PROVE_EVA_$*) >build/prove/$*.log 2>&1 || { tail -20 build/prove/$*.log; exit 1; }
	$(Q)! grep -a -A3 'eva:alarm' build/prove/$*.log
	$(Q)grep -a -q '^  0 alarms generated' build/prove/$*.log
