# SPDX-License-Identifier: MIT
#
# Fuzzing with libFuzzer, included by tests/tests.mk: fuzz_X.c becomes build/fuzz/fuzz_X, linked with the pure sources, all under ASan and
# UBSan. Seeds are made at build time (seeds.py); what a run learns stays in build/fuzz/corpus/X; an input that broke something lies in
# build/fuzz/found/. docs/testing.md says what is fuzzed and what came of it.

FUZZ := build/fuzz
TARGET ?= $(FUZZ_NAMES)
RUNS ?= 1000000

FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(if $(filter fuzz,$(MAKECMDGOALS)),$(call some_of,TARGET,$(FUZZ_NAMES)))
FUZZ_CC := clang -std=gnu11 -O2 -g -MMD -MP -Wall -Wextra -Wshadow -Werror -fno-omit-frame-pointer -fno-sanitize-recover=all -DKERNEL_CHECKS=1 \
	-Ishared -iquote cluster-kernel -iquote boot-coordinator -iquote tests/fuzz
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined
FUZZ_PURE := $(PURE_SOURCES:%.c=$(FUZZ)/objects/%.o)
FUZZ_TARGETS := $(FUZZ_NAMES:%=$(FUZZ)/fuzz_%)

define fuzz_compile
@mkdir -p $(@D)
@$(call say,FUZZCC,$@)
$(Q)$(FUZZ_CC) $(FUZZ_SANITIZE) $(1) -c $< -o $@
endef

$(FUZZ)/objects/%.o: %.c tests/fuzz/fuzz.mk | $(TEST_PACKAGES)
	$(call fuzz_compile)
# The C library keeps its own memory functions, which the sanitizer watches.
$(FUZZ)/objects/shared/string.o: shared/string.c tests/fuzz/fuzz.mk | $(TEST_PACKAGES)
	$(call fuzz_compile,$(RENAMED))
$(FUZZ)/pure.a: $(FUZZ_PURE)
	$(archive)
$(FUZZ_TARGETS): $(FUZZ)/%: $(FUZZ)/objects/tests/fuzz/%.o $(FUZZ)/pure.a
	@$(call say,FUZZLD,$@)
	$(Q)clang -fsanitize=fuzzer,address,undefined -o $@ $^

FUZZ_LAYOUTS := $(addprefix build/,$(addsuffix /layout.bin,qemu-1x1 qemu-2x2 qemu-4x2 interleaved split-socket uneven))
$(FUZZ)/seeds/made: tests/fuzz/seeds.py $(ACPI_TABLES) $(FUZZ_LAYOUTS) build/root.elf | $(TEST_PACKAGES)
	@$(call say,SEEDS,$(@D))
	$(Q)$(PYTHON) tests/fuzz/seeds.py $(@D) --tables $(HOST)/acpi --layouts $(FUZZ_LAYOUTS) --root build/root.elf && touch $@

# A run in small pieces of memory: the allocator's quarantine would cost more than the parsers.
FUZZ_OPTIONS := ASAN_OPTIONS=quarantine_size_mb=1:detect_leaks=1
# Longest inputs, bytes: a few entries more than the seeds have; what only many entries can do is in tests/host.
fuzz_longest = $(or $(FUZZ_LONGEST_$(1)),512)
FUZZ_LONGEST_acpi := 1536
FUZZ_LONGEST_multiboot := 1024
FUZZ_LONGEST_object := 4096
FUZZ_LONGEST_root := 2048
FUZZ_LONGEST_topology := 1536
FUZZ_LONGEST_string := 128
FUZZ_LONGEST_console := 128
FUZZ_LONGEST_format := 128
FUZZ_LONGEST_peer := 256
# $(1) = target, $(2) = options, $(3) = folder for what it learns
fuzz_command = mkdir -p $(FUZZ)/$(3)/$(1) $(FUZZ)/found && $(FUZZ_OPTIONS) $(FUZZ)/fuzz_$(1) $(2) -max_len=$(call fuzz_longest,$(1)) \
	-artifact_prefix=$(FUZZ)/found/$(1)- $(FUZZ)/$(3)/$(1) $(FUZZ)/seeds/$(1)

.PHONY: fuzz
fuzz.built: $(TARGET:%=$(FUZZ)/fuzz_%) $(FUZZ)/seeds/made
fuzz:
	$(call locked,$@.built)
	@set -e; $(foreach target,$(TARGET),echo '     fuzz $(target)'; $(call fuzz_command,$(target),-runs=$(RUNS) -print_final_stats=1,corpus);)

# What `make test` builds and runs: each target for a moment, on the seeds alone, always the same way.
FUZZ_SHORT := -runs=200000 -max_total_time=5 -seed=1 -verbosity=0
FUZZ_BUILT := $(FUZZ_TARGETS) $(FUZZ)/seeds/made
FUZZ_CHECKS = $(foreach target,$(FUZZ_NAMES),--command 'fuzz $(target): rm -rf $(FUZZ)/short && $(call \
	fuzz_command,$(target),$(FUZZ_SHORT),short) && echo nothing found')

-include $(FUZZ_PURE:.o=.d) $(wildcard $(FUZZ)/objects/tests/fuzz/*.d)
