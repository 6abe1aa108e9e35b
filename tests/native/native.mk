# SPDX-License-Identifier: MIT
#
# Kernel copies at real speed (tests/native/native.h), and `make native`. Included by tests/tests.mk after the simulator, whose loader
# they share. The kernel is compiled as the shipped one is, but for the memory model: copies lie below 2 GiB of a host process.

NATIVE := build/native/r4native
NATIVE_KERNEL_FLAGS := $(filter-out -mcmodel=kernel -DKERNEL_CHECKS=1 $(CALL_GRAPH),$(KERNEL_FLAGS)) -mcmodel=small -DKERNEL_CHECKS=0
# The kernel's stacks are aligned to 8 bytes and have no red zone.
NATIVE_HOST_CC = gcc -std=gnu11 -O2 -g -MMD -MP $(WARNINGS) -DKERNEL_CHECKS=0 -fno-pic -fno-pie -mno-red-zone -mstackrealign -pthread \
	-Itests/native -Icluster-kernel -Itests/sim -Ishared

NATIVE_KERNEL_OBJECTS := $(SIM_SOURCES:%.c=build/native/kernel/%.o) $(SHARED:%.c=build/native/kernel/%.o)
NATIVE_HOST_OBJECTS := $(patsubst %.c,build/native/host/%.o,$(wildcard tests/native/*.c) tests/sim/hosted.c $(SIM_PURE))

$(filter build/native/kernel/cluster-kernel/syscall.o build/native/kernel/cluster-kernel/call/%,$(NATIVE_KERNEL_OBJECTS)): NATIVE_KERNEL_FLAGS += $(UNSAVED)
build/native/kernel/%.o: %.c build.mk tests/native/native.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)gcc -std=gnu11 -O2 -g -MMD -MP $(WARNINGS) $(NATIVE_KERNEL_FLAGS) -Itests/native -Icluster-kernel -Ishared -c $< -o $@
build/native/kernel.o: $(NATIVE_KERNEL_OBJECTS) cluster-kernel/x86/merge.ld
	@$(call say,LD -r,$@)
	$(Q)ld -r -T cluster-kernel/x86/merge.ld -o $@ $(NATIVE_KERNEL_OBJECTS)
	$(Q)objcopy --set-section-flags .rodata=alloc,load,readonly,data,contents $@

build/native/host/%.o: %.c tests/native/native.mk | $(TEST_PACKAGES)
	@mkdir -p $(@D)
	@$(call say,HOSTCC,$@)
	$(Q)$(NATIVE_HOST_CC) -c $< -o $@
# The C library keeps its own memory functions.
build/native/host/shared/string.o: NATIVE_HOST_CC += $(RENAMED)
$(NATIVE): $(NATIVE_HOST_OBJECTS)
	@$(call say,HOSTLD,$@)
	$(Q)gcc -no-pie -rdynamic -pthread -o $@ $^ -ldl

# What `make native` and `make test` build.
NATIVE_BUILT := $(NATIVE) build/native/kernel.o
.PHONY: native
native.built: $(NATIVE_BUILT)
native:
	$(call locked,$@.built)
	@$(PYTHON) tests/native/native.py

-include $(NATIVE_KERNEL_OBJECTS:.o=.d) $(NATIVE_HOST_OBJECTS:.o=.d)
