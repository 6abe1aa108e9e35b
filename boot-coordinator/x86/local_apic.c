/* SPDX-License-Identifier: MIT
 *
 * The local APIC, reached by the identity map or by MSRs. Source: Intel SDM volume 3, sections 11.4 (registers), 11.5.4
 * (timer), 11.6.1 (interrupt command), 11.12 (x2APIC); Intel 8259A data sheet (mask register).
 */
#include "local_apic.h"
#include "print.h"
#include <r4/layout.h>
#include <x86/apic.h>
#include <x86/instructions.h>
#include <x86/registers.h>

#define APIC_SPURIOUS_VECTOR 0xffU
#define APIC_PATIENCE        1000000U
#define APIC_STARTUP_END     0x100000U /* a start-up message names a page in real mode's first 1 MiB */

#define PIC_FIRST_MASK  0x21U /* ports of the two 8259s' mask registers */
#define PIC_SECOND_MASK 0xa1U

#define XAPIC_ID_MAX  254U
#define X2APIC_ID_MAX (UINT32_MAX - 1)

static bool wide; /* x2APIC mode */

static uint32_t register_read(uint32_t offset) { return wide ? x2apic_read(offset) : apic_read(apic_base(), offset); }

static void register_write(uint32_t offset, uint32_t value) {
    if (wide) {
        x2apic_write(offset, value);
    } else {
        apic_write(apic_base(), offset, value);
    }
}

phys_t apic_base(void) { return round_down(x86_rdmsr(MSR_APIC_BASE), R4_PAGE_SIZE) & (R4_PHYS_MAX - 1); }

uint32_t apic_id(void) { return wide ? register_read(APIC_ID) : register_read(APIC_ID) >> 24; }
bool apic_is_wide(void) { return wide; }
uint32_t apic_id_max(void) { return wide ? X2APIC_ID_MAX : XAPIC_ID_MAX; }

void apic_join(void) {
    uint64_t base = x86_rdmsr(MSR_APIC_BASE);
    if (wide && !(base & APIC_BASE_X2APIC)) {
        x86_wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
    }
}

bool apic_open(void) {
    uint64_t base = x86_rdmsr(MSR_APIC_BASE);
    if (!(base & APIC_BASE_ENABLE)) {
        return false;
    }
    wide = (base & APIC_BASE_X2APIC) || (x86_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_X2APIC);
    apic_join();
    register_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | APIC_SPURIOUS_VECTOR);
    return true;
}

static void command_send(uint32_t target, uint32_t command) {
    if (wide) {
        x2apic_command(target, command);
        return;
    }
    register_write(APIC_COMMAND_TARGET, target << 24);
    register_write(APIC_COMMAND, command);
    for (uint32_t turn = 0; turn < APIC_PATIENCE && (register_read(APIC_COMMAND) & APIC_COMMAND_PENDING); turn++) {
        x86_pause();
    }
}

void apic_send_init(uint32_t target) { command_send(target, APIC_COMMAND_INIT); }
void apic_send_startup(uint32_t target, phys_t page) {
    BOOT_ASSERT(is_aligned(page, R4_PAGE_SIZE) && page < APIC_STARTUP_END);
    command_send(target, APIC_COMMAND_STARTUP | (uint32_t)(page >> R4_PAGE_BITS));
}

void apic_timer_run(void) {
    register_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
    register_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    register_write(APIC_TIMER_COUNT, UINT32_MAX);
}

uint32_t apic_timer_count(void) { return register_read(APIC_TIMER_CURRENT); }
void apic_timer_stop(void) { register_write(APIC_TIMER_COUNT, 0); }

void pic_mask(void) {
    x86_out8(PIC_FIRST_MASK, 0xff);
    x86_out8(PIC_SECOND_MASK, 0xff);
}
