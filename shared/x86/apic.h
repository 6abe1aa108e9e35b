/* SPDX-License-Identifier: MIT
 *
 * The local APIC's registers. In xAPIC mode they are 32-bit words at these offsets of its page (Intel SDM volume 3,
 * 11.4.1, table 11-1), which must be mapped uncached; coordinator and kernel map it at different addresses, so the
 * accessors take its `base`. In x2APIC mode each is an MSR, whose number follows from the same offset, and ids and
 * targets have 32 bits (11.12.1, table 11-6). The coordinator chooses the mode, the same for all cores.
 */
#ifndef R4_X86_APIC_H
#define R4_X86_APIC_H

#include <x86/instructions.h>

#define APIC_ID             0x020 /* in bits 31:24; in x2APIC mode the whole word */
#define APIC_TASK_PRIORITY  0x080
#define APIC_EOI            0x0b0
#define APIC_SPURIOUS       0x0f0
#define APIC_REQUESTED      0x200 /* eight words 16 bytes apart, a bit for each vector */
#define APIC_COMMAND        0x300
#define APIC_COMMAND_TARGET 0x310 /* in bits 31:24; written before the command */
#define APIC_LVT_TIMER      0x320
#define APIC_LVT_LINT0      0x350
#define APIC_LVT_LINT1      0x360
#define APIC_LVT_ERROR      0x370
#define APIC_TIMER_COUNT    0x380 /* writing it starts the timer, zero stops it */
#define APIC_TIMER_CURRENT  0x390
#define APIC_TIMER_DIVIDE   0x3e0

#define APIC_SPURIOUS_ENABLE 0x100
#define APIC_LVT_MASKED      0x10000
#define APIC_DIVIDE_BY_1     0xb
#define APIC_COMMAND_FIXED   0x04000 /* | vector; edge, assert, physical target */
#define APIC_COMMAND_NMI     0x04400
#define APIC_COMMAND_INIT    0x04500
#define APIC_COMMAND_STARTUP 0x04600 /* | page number of the code, below 1 MiB */
#define APIC_COMMAND_PENDING 0x01000 /* read: the last command has not been sent yet */

static inline uint32_t apic_read(uint64_t base, uint32_t offset) { return *(volatile const uint32_t *)(base + offset); }
static inline void apic_write(uint64_t base, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)(base + offset) = value;
}

#define MSR_X2APIC 0x800 /* + offset / 16 */

static inline uint32_t x2apic_read(uint32_t offset) { return (uint32_t)x86_rdmsr(MSR_X2APIC + offset / 16); }
static inline void x2apic_write(uint32_t offset, uint32_t value) { x86_wrmsr(MSR_X2APIC + offset / 16, value); }

/* One write for target and command; no earlier command can be pending. Unlike an uncached store, this write may
 * overtake earlier stores (11.12.3), hence the fences. They pair with the interrupt in the target core, which sees all
 * that this core wrote before. */
static inline void x2apic_command(uint32_t target, uint32_t command) {
    __asm__ volatile("mfence; lfence" : : : "memory");
    x86_wrmsr(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)target << 32 | command);
}

#endif
