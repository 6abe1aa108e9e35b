# SPDX-License-Identifier: MIT
#
# How the checks are built and run; included by the Makefile. tests/host/test_X.c is a Check program under ASan and UBSan, tsan_X.c one
# under TSan; each is linked with those pure sources that it calls. kernel_X.c tests cluster-kernel/X.c among fakes. Host programs run in
# the repository's root and find their fixtures under build/host/.

$(if $(filter build,$(TREE)),,$(error the checks build in build/: BUILD= is for make build, iso, run, debug, qemu-command and clean))
HOST := build/host
HOST_CC := gcc -std=gnu11 -O1 -g -MMD -MP -Wall -Wextra -Wshadow -Werror -fno-omit-frame-pointer -pthread \
	-DKERNEL_CHECKS=1 -Ishared -iquote cluster-kernel -iquote boot-coordinator -iquote tests/host
# UBSan findings would pass as mere output if it were allowed to go on.
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
TSAN := -fsanitize=thread
CHECK_LIBS := -lcheck_pic -lsubunit -lrt -lm -pthread

PURE_SOURCES := $(SHARED) $(wildcard cluster-kernel/pure/*.c boot-coordinator/core/*.c)
ASAN_PURE := $(PURE_SOURCES:%.c=$(HOST)/asan/%.o)
TSAN_PURE := $(PURE_SOURCES:%.c=$(HOST)/tsan/%.o)
ASAN_TESTS := $(patsubst tests/host/%.c,$(HOST)/%,$(wildcard tests/host/test_*.c))
TSAN_TESTS := $(patsubst tests/host/%.c,$(HOST)/%,$(wildcard tests/host/tsan_*.c))
KERNEL_TESTS := $(patsubst tests/host/%.c,$(HOST)/%,$(wildcard tests/host/kernel_*.c))
HOST_TESTS := $(ASAN_TESTS) $(TSAN_TESTS) $(KERNEL_TESTS)
ACPI_TABLES := $(patsubst tests/host/acpi/%.asl,$(HOST)/acpi/%.aml,$(wildcard tests/host/acpi/*.asl))

define host_compile
@mkdir -p $(@D)
@$(call say,HOSTCC,$@)
$(Q)$(HOST_CC) $(1) -c $< -o $@
endef

$(HOST)/asan/%.o: %.c tests/tests.mk | $(TEST_PACKAGES)
	$(call host_compile,$(ASAN))
$(HOST)/tsan/%.o: %.c tests/tests.mk | $(TEST_PACKAGES)
	$(call host_compile,$(TSAN))
# The sanitizers and the C library keep their own memory functions; ours are tested under the names string_memcpy, ….
RENAMED := $(foreach name,memcpy memmove memset memcmp,-D$(name)=string_$(name))
$(HOST)/asan/shared/string.o: shared/string.c tests/tests.mk | $(TEST_PACKAGES)
	$(call host_compile,$(ASAN) $(RENAMED))
$(HOST)/tsan/shared/string.o: shared/string.c tests/tests.mk | $(TEST_PACKAGES)
	$(call host_compile,$(TSAN) $(RENAMED))

$(HOST)/asan/pure.a: $(ASAN_PURE)
	$(archive)
$(HOST)/tsan/pure.a: $(TSAN_PURE)
	$(archive)
linked = $(filter %.o,$^) $(filter %.a,$^) # what more objects a program has may come after the archive
$(ASAN_TESTS): $(HOST)/%: $(HOST)/asan/tests/host/%.o $(HOST)/asan/pure.a
	@$(call say,HOSTLD,$@)
	$(Q)gcc $(ASAN) -o $@ $(linked) $(CHECK_LIBS)
# The model by which a plugin of the emulator counts.
$(HOST)/test_coherence: $(HOST)/asan/tests/boot/coherence.o
$(HOST)/asan/tests/host/test_coherence.o: HOST_CC += -iquote tests/boot
# The two sides of a proxy, see tests/order/race.h.
$(HOST)/test_proxy: $(HOST)/asan/tests/order/race.o
$(HOST)/tsan_proxy: $(HOST)/tsan/tests/order/race.o
ORDER := $(HOST)/order/search
$(ORDER): $(HOST)/order/search.o $(HOST)/tsan/tests/order/race.o $(HOST)/tsan/pure.a
	@$(call say,HOSTLD,$@)
	$(Q)g++ -o $@ $(linked) $(CHECK_LIBS)
$(HOST)/order/%.o: tests/order/%.cpp tests/order/race.h tests/tests.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCXX,$@)
	$(Q)g++ -std=gnu++98 -O1 -w -c $< -o $@ # relacy is of that time, and warned of by today's compilers
$(HOST)/%/tests/order/race.o $(HOST)/%/tests/host/test_proxy.o $(HOST)/%/tests/host/tsan_proxy.o: HOST_CC += -iquote user -iquote tests/order
# The simulator's machine layer serves these, too. Not position-independent: linker constants are addresses.
$(HOST)/asan/cluster-kernel/%.o $(HOST)/asan/tests/host/kernel_%.o: HOST_CC += -iquote tests/sim
$(HOST)/kernel_cap: $(HOST)/asan/cluster-kernel/call/cap.o
$(HOST)/kernel_cap_page: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,call/cap_page object/cap_page)
$(HOST)/kernel_console $(HOST)/kernel_console_device: $(HOST)/asan/cluster-kernel/diag/console.o
$(HOST)/kernel_debug: $(HOST)/asan/cluster-kernel/call/debug.o
$(HOST)/kernel_fault: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,event cluster/core sched/shootdown)
$(HOST)/kernel_frame: $(HOST)/asan/cluster-kernel/object/frame.o
$(HOST)/kernel_loan $(HOST)/kernel_loan_waits: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,cluster/pools peer/lend peer/receive_slot serve/borrow)
$(HOST)/kernel_mailbox $(HOST)/kernel_milestone: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,cluster/doorbell peer/mailbox peer/receive_slot poll serve/milestone serve/receive)
$(HOST)/kernel_panic: $(HOST)/asan/cluster-kernel/diag/panic.o
$(HOST)/kernel_pools: $(HOST)/asan/cluster-kernel/cluster/pools.o
$(HOST)/kernel_slice: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,sched/sched sched/slice)
$(HOST)/kernel_peer: $(HOST)/asan/cluster-kernel/call/peer.o
$(HOST)/kernel_thread: $(HOST)/asan/cluster-kernel/call/thread.o
$(HOST)/kernel_dying $(HOST)/kernel_revoke: $(patsubst %,$(HOST)/asan/cluster-kernel/%.o,revoke/revoke revoke/dying sched/operation sched/stand)
$(KERNEL_TESTS): $(HOST)/kernel_%: $(HOST)/asan/tests/host/kernel_%.o $(HOST)/asan/pure.a
	@$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie $(ASAN) -o $@ $(linked) $(CHECK_LIBS)
$(TSAN_TESTS): $(HOST)/%: $(HOST)/tsan/tests/host/%.o $(HOST)/tsan/pure.a
	@$(call say,HOSTLD,$@)
	$(Q)gcc $(TSAN) -o $@ $(linked) $(CHECK_LIBS)

$(HOST)/acpi/%.aml: tests/host/acpi/%.asl | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,IASL,$@)
	$(Q)iasl -p $(basename $@) $< >$(basename $@).log 2>&1 || { cat $(basename $@).log; exit 1; }

# --- plugins of the emulator that count from outside (tests/boot/test_steps.py, test_boot_cost.py, test_lines.py) ---

COUNTERS := $(patsubst tests/boot/%.c,$(HOST)/%.so,$(wildcard tests/boot/*_counter.c))
$(COUNTERS): $(HOST)/%.so: tests/boot/%.c tests/boot/qemu_plugin.h tests/tests.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)gcc -std=gnu11 -O2 $(WARNINGS) -fvisibility=hidden -shared -fPIC -o $@ $(filter %.c,$^)
$(HOST)/line_counter.so: tests/boot/coherence.c tests/boot/coherence.h
# A guest of its own, as tools/probe/ is one.
PING := $(HOST)/ping.elf
$(PING): tests/boot/ping.S tests/tests.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)gcc -c $< -o $@.o && ld -static -nostdlib --no-warn-rwx-segments -N -Ttext=0x100000 -e start32 -o $@ $@.o
	$(Q)objcopy -O elf32-i386 $@

# --- the simulator's audit for the memory of a real machine (tests/boot/test_fuzz.py); what only the simulator calls is left out ---

AUDIT_MEMORY := $(HOST)/audit_memory
AUDIT_SOURCES := tests/boot/audit_memory.c $(patsubst %,tests/sim/%.c,audit cap_scan mapping_audit names stand_audit versions) $(wildcard cluster-kernel/pure/*.c)
$(AUDIT_MEMORY): $(AUDIT_SOURCES) $(wildcard tests/sim/*.h cluster-kernel/*.h cluster-kernel/*/*.h shared/r4/*.h) tests/tests.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)gcc -std=gnu11 -O1 -g $(WARNINGS) -DKERNEL_CHECKS=0 -ffunction-sections -Wl,--gc-sections -Icluster-kernel -Icluster-kernel/x86 \
		-Itests/sim -Ishared -o $@ $(AUDIT_SOURCES)

# --- the simulator's own rules: build/sim/r4sim and SIM_COMMAND, what `make sim` and `make test` run ---

SEEDS ?= 1000
SEED ?=
include $(wildcard tests/sim/sim.mk)
include tests/explore/explore.mk
include tests/native/native.mk
include tests/host/mutants.mk
include tests/prove/prove.mk
include tests/fuzz/fuzz.mk # FUZZ_BUILT and FUZZ_CHECKS, what `make test` builds and runs

# --- an emulator with x2APIC, if there is or can be one; without it those tests are left out, and a line says so ---

X2APIC_EMULATOR := build/x2apic/qemu-system-x86_64

$(X2APIC_EMULATOR): tools/fetch_emulator.sh | $(TEST_PACKAGES)
	$(Q)tools/fetch_emulator.sh $(@D)

# --- commands ---

C_FILES := $(shell find shared cluster-kernel boot-coordinator user tools tests -name '*.[ch]')
PYTHON_FILES := $(shell find tools tests -name '*.py')
FORMAT = clang-format --dry-run -Werror $(C_FILES) && black --quiet --check --diff $(PYTHON_FILES)
RUN_TESTS = $(PYTHON) tools/run_tests.py
folders_with_tests = $(sort $(patsubst %/,%,$(dir $(wildcard $(addsuffix /test_*.py,$(1))))))
HOST_CHECKS = --tap $(HOST_TESTS) --pytest $(call folders_with_tests,tests/tools tests/linkgen) \
	--command 'order: $(ORDER)' \
	$(EXPLORE_SHORT_CHECK) \
	--command 'format: $(FORMAT)' \
	--command 'tree: $(PYTHON) tools/check_tree.py' \
	--command 'floors: $(PYTHON) tools/check_floors.py' \
	--command 'docs: $(PYTHON) tools/check_docs.py' \
	$(if $(CLANG),,--command 'stack: $(PYTHON) tools/check_stack.py $(BUILD)')
CHECKED := $(addprefix build/checks/,qemu-1x4/r4.iso qemu-2x2/r4.iso)
BOOT_CHECKS = --command 'checks: env -u MAKEFLAGS -u MAKELEVEL $(MAKE) --no-print-directory CHECKS=1 $(CHECKED)' \
	--command 'lint: env -u MAKEFLAGS -u MAKELEVEL $(MAKE) --no-print-directory lint' \
	--pytest $(call folders_with_tests,tests/boot tests/native)
MACHINES := $(CONFIGS:%=build/%) build/qemu-2x2-trace
# What only boots: machines with odd tables, and of odd sizes.
ODD_MACHINES := $(patsubst %.toml,build/%,$(notdir $(wildcard tests/boot/tables/*.toml tests/boot/machines/*.toml)))

check.built: build.built $(EXAMINE) $(HOST_TESTS) $(ORDER) $(EXPLORE_BUILT) $(ACPI_TABLES) $(MACHINES:%=%/reference)
check:
	$(call locked,$@.built)
	@$(RUN_TESTS) $(HOST_CHECKS)

test.built: build.built $(EXAMINE) $(HOST_TESTS) $(ORDER) $(EXPLORE_BUILT) $(EXPLORE_MUTANT_KERNELS) $(HOST_MUTANT_TESTS) $(ACPI_TABLES) $(MACHINES:%=%/reference) $(MACHINES:%=%/r4.iso) $(ODD_MACHINES:%=%/r4.iso) build/large-memory/reference $(SIM_TARGETS) $(FUZZ_BUILT) $(COUNTERS) $(PING) $(NATIVE_BUILT) $(AUDIT_MEMORY) $(X2APIC_EMULATOR)
test:
	$(call locked,$@.built)
	@$(RUN_TESTS) $(HOST_CHECKS) $(SIM_CHECKS) $(EXPLORE_CHECKS) $(HOST_MUTANT_CHECKS) $(FUZZ_CHECKS) --pytest tests/prove $(BOOT_CHECKS)

sim.built: $(SIM)
sim:
	$(call locked,$@.built)
	@$(or $(SIM_COMMAND),$(error tests/sim/sim.mk defines no SIM_COMMAND))

# --- lint: the other compiler, static analysis, formatting, spelling; one target each, so that they run side by side ---

LINTS := clang format tidy-kernel tidy-coordinator tidy-user shell spelling pylint mypy
.PHONY: $(LINTS:%=lint-%)
lint: $(LINTS:%=lint-%)
$(LINTS:%=lint-%): | lint.built
.PHONY: lint.built
lint.built:
	$(call locked,$(TEST_PACKAGES))

# $(1) = files, $(2) = flags. On the error output is how many remarks on system headers were suppressed.
tidy = mkdir -p build && printf '%s\n' $(filter %.c,$(1)) | xargs -P $(shell nproc) -I FILE \
	clang-tidy --quiet FILE -- -std=gnu11 $(filter-out $(GCC_ONLY) $(CALL_GRAPH) $(STACK_ALIGNMENT),$(2)) 2>build/$@.log || { cat build/$@.log; exit 1; }

lint-clang:
	$(Q)$(MAKE) --no-print-directory CC=clang build
lint-format:
	$(Q)$(FORMAT)
lint-tidy-kernel:
	$(Q)$(call tidy,$(KERNEL_SOURCES),$(KERNEL_FLAGS) -Icluster-kernel -Icluster-kernel/x86 -Ishared)
lint-tidy-coordinator:
	$(Q)$(call tidy,$(COORDINATOR_SOURCES) $(SHARED),$(COORDINATOR_FLAGS) -Iboot-coordinator -Iboot-coordinator/x86 -Ishared)
lint-tidy-user:
	$(Q)$(call tidy,$(USER_SOURCES),$(USER_FLAGS) -Iuser -Ishared)
lint-shell:
	$(Q)shellcheck .ci/run $(wildcard tools/*.sh)
lint-spelling:
	$(Q)codespell --quiet-level=2 -L nd,ist,covert,fro,hel README.md docs Makefile build.mk shared cluster-kernel boot-coordinator user tools tests configs
lint-pylint:
	$(Q)pylint --score=no --jobs=$(shell nproc) $(PYTHON_FILES)
lint-mypy:
	$(Q)mypy --cache-dir=build/mypy --no-error-summary $(PYTHON_FILES)

-include $(wildcard $(foreach kind,asan tsan,$(HOST)/$(kind)/tests/host/*.d $(HOST)/$(kind)/tests/order/*.d)) $(ASAN_PURE:.o=.d) $(TSAN_PURE:.o=.d) $(wildcard $(HOST)/asan/cluster-kernel/*.d $(HOST)/asan/cluster-kernel/*/*.d)
