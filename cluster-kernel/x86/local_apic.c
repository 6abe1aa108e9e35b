/* SPDX-License-Identifier: MIT
 *
 * The local APIC, in the mode that the coordinator has chosen for every core. In either mode a command is sent only
 * after every earlier store of this core is visible to all (xAPIC: uncached registers; x2APIC: the fences of
 * x2apic_command()). It pairs with the interrupt: a message in a mailbox is visible when its doorbell arrives.
 *
 * The timer counts down from a 32-bit value at its own frequency; deadlines are 64-bit ticks of the TSC. A deadline
 * that is too far away for one count takes several: an early interrupt arms the next. The TSC-deadline mode would make
 * that unnecessary, but it would be a second path that few machines take.
 */
#include "local_apic.h"
#include "cluster/addresses.h"
#include <x86/apic.h>
#include <x86/registers.h>

#define TIMER_STRIDE_MAX (1ULL << 31) /* ticks for one count: the product with a frequency in kHz fits 64 bits */

/* True in x2APIC mode. Every core stores the same value before it reads it, so no order is needed. Not a linker
 * constant, since the layout does not know the CPU. */
static bool wide;

static uint64_t registers(void) { return LINKER_CONSTANT_64(r4_linker_apic); }

static uint32_t register_read(uint32_t offset) { return wide ? x2apic_read(offset) : apic_read(registers(), offset); }

static void register_write(uint32_t offset, uint32_t value) {
    if (wide) {
        x2apic_write(offset, value);
    } else {
        apic_write(registers(), offset, value);
    }
}

void local_apic_start(void) {
    wide = (x86_rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0;
    register_write(APIC_LVT_LINT0, APIC_LVT_MASKED); /* the old 8259; LINT1 is the NMI line of firmware */
    register_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
    register_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
    register_write(APIC_TIMER_COUNT, 0);
    register_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
    register_write(APIC_LVT_TIMER, VECTOR_EVENTS + MACHINE_TIMER); /* one-shot */
    register_write(APIC_TASK_PRIORITY, 0);
    register_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

/* Rounds up, so that a single count does not end before the deadline; a count of zero would stop the timer. */
static void timer_arm(uint64_t deadline, uint64_t now) {
    uint64_t ticks = deadline > now ? deadline - now : 0;
    if (ticks > TIMER_STRIDE_MAX) {
        ticks = TIMER_STRIDE_MAX;
    }
    uint64_t count = ticks * boot_info()->apic_khz / boot_info()->tsc_khz + 1;
    register_write(APIC_TIMER_COUNT, count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

void machine_timer_set(uint64_t deadline) {
    machine_own()->deadline = deadline;
    timer_arm(deadline, machine_now());
}

void machine_timer_stop(void) {
    machine_own()->deadline = 0;
    register_write(APIC_TIMER_COUNT, 0);
}

/* After the timer's interrupt: a deadline that is still in the future needs another count. */
static void timer_continue(void) {
    struct machine_core *own = machine_own();
    uint64_t now = machine_now();
    if (own->deadline > now) {
        timer_arm(own->deadline, now);
    } else {
        own->deadline = 0;
    }
}

/* Acknowledges before the upcall, which may arm the timer again and may resume another thread. Every interrupt makes
 * its upcall, even that of a timer that was stopped meanwhile: the kernel may have halted only to take the event that
 * it saw pending. */
void local_apic_event(enum machine_event event) {
    register_write(APIC_EOI, 0);
    if (event == MACHINE_TIMER) {
        timer_continue();
    }
    kernel_event(event);
}

bool machine_event_pending(void) {
    uint32_t word = register_read(APIC_REQUESTED + VECTOR_EVENTS / 32 * 16);
    return (word >> VECTOR_EVENTS % 32 & ((1U << MACHINE_EVENT_COUNT) - 1)) != 0;
}

static void command(uint32_t apic_id, uint32_t text) {
    if (wide) {
        x2apic_command(apic_id, text);
        return;
    }
    while ((apic_read(registers(), APIC_COMMAND) & APIC_COMMAND_PENDING) != 0) {
        machine_relax();
    }
    apic_write(registers(), APIC_COMMAND_TARGET, apic_id << 24);
    apic_write(registers(), APIC_COMMAND, text);
}

void machine_send(uint32_t apic_id, enum machine_event event) {
    command(apic_id, APIC_COMMAND_FIXED | (VECTOR_EVENTS + (uint32_t)event));
}

void local_apic_send_nmi(uint32_t apic_id) { command(apic_id, APIC_COMMAND_NMI); }
