/* SPDX-License-Identifier: MIT
 *
 * Local APIC registers. Source: Intel SDM volume 3, sections 11.4 (registers), 11.5.4 (timer), 11.6.1 (interrupt
 * command).
 */
#include "apic.h"
#include "cpu.h"
#include "identity.h"
#include <r4/layout.h>

#define APIC_ID            0x020U /* registers */
#define APIC_SPURIOUS      0x0f0U
#define APIC_COMMAND_LOW   0x300U
#define APIC_COMMAND_HIGH  0x310U
#define APIC_TIMER         0x320U
#define APIC_TIMER_INITIAL 0x380U
#define APIC_TIMER_CURRENT 0x390U
#define APIC_TIMER_DIVIDER 0x3e0U
#define APIC_ENABLED       0x1ffU /* spurious vector 255, software enable */
#define APIC_INIT          0x4500U
#define APIC_STARTUP       0x4600U
#define APIC_PENDING       0x1000U
#define APIC_MASKED        0x10000U
#define APIC_DIVIDE_BY_1   0xbU
#define APIC_PATIENCE      1000000U
#define APIC_BASE_ENABLE   (1U << 11) /* in the base register */
#define APIC_BASE_X2APIC   (1U << 10)

static volatile uint32_t *apic_register(uint32_t offset) { return identity_at(apic_base() + offset); }
static uint32_t apic_read(uint32_t offset) { return *apic_register(offset); }
static void apic_write(uint32_t offset, uint32_t value) { *apic_register(offset) = value; }

phys_t apic_base(void) { return round_down(cpu_msr(CPU_MSR_APIC_BASE), R4_PAGE_SIZE) & (R4_PHYS_MAX - 1); }

uint32_t apic_id(void) { return apic_read(APIC_ID) >> 24; }

bool apic_open(void) {
    uint64_t base = cpu_msr(CPU_MSR_APIC_BASE);
    if (!(base & APIC_BASE_ENABLE) || (base & APIC_BASE_X2APIC)) {
        return false;
    }
    apic_write(APIC_SPURIOUS, APIC_ENABLED);
    return true;
}

static void command_send(uint32_t target, uint32_t command) {
    apic_write(APIC_COMMAND_HIGH, target << 24);
    apic_write(APIC_COMMAND_LOW, command);
    for (uint32_t turn = 0; turn < APIC_PATIENCE && (apic_read(APIC_COMMAND_LOW) & APIC_PENDING); turn++) {
        cpu_relax();
    }
}

void apic_send_init(uint32_t target) { command_send(target, APIC_INIT); }
void apic_send_startup(uint32_t target, phys_t page) {
    command_send(target, APIC_STARTUP | (uint32_t)(page >> R4_PAGE_BITS));
}

void apic_timer_run(void) {
    apic_write(APIC_TIMER, APIC_MASKED);
    apic_write(APIC_TIMER_DIVIDER, APIC_DIVIDE_BY_1);
    apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
}

uint32_t apic_timer_count(void) { return apic_read(APIC_TIMER_CURRENT); }
void apic_timer_stop(void) { apic_write(APIC_TIMER_INITIAL, 0); }

void pic_mask(void) {
    port_write8(0x21, 0xff);
    port_write8(0xa1, 0xff);
}
