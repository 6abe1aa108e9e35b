/* SPDX-License-Identifier: MIT
 *
 * Both sides of entry.S: what it offers to the C files of this folder (addresses for gates and MSRs, which C never
 * calls, and descriptors_load()), and the C functions that it calls.
 */
#ifndef R4_KERNEL_ENTRY_H
#define R4_KERNEL_ENTRY_H

#include <r4/types.h>

extern const uint8_t syscall_entry[], nmi_stub[], stray_stub[], spurious_stub[];
extern const uint8_t fault_stubs[]; /* by vector, one every STUB_SIZE bytes */
extern const uint8_t event_stubs[]; /* by enum machine_event, one every STUB_SIZE bytes */

struct descriptor_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));
R4_SIZE(struct descriptor_pointer, 10);

/* Makes this core use new tables; reloads all segment registers and zeroes the gs base. */
void descriptors_load(const struct descriptor_pointer *gdt, const struct descriptor_pointer *idt);

/* start.c: makes this core, `index` of the cluster, ready for user mode, interrupts and the kernel's upcalls. */
void machine_start(uint32_t index);

/* trap.c: an exception or event that came in user mode, or an event that ended a halt. */
void machine_trap(uint64_t vector, uint64_t error);

/* trap.c: an exception in the kernel. */
_Noreturn void machine_trap_inside(uint64_t vector, uint64_t error, const uint64_t registers[18]);

#endif
