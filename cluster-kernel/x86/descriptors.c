/* SPDX-License-Identifier: MIT
 *
 * GDT, TSS and IDT. Segments are flat, in the order that SYSCALL and SYSRET require. All gates are interrupt gates, so
 * interrupts are off from the first instruction. User mode can use only the breakpoint gate (`int3`); any other `int n`
 * in user mode is a general protection fault.
 */
#include "descriptors.h"
#include "entry.h"
#include <x86/registers.h>

/* SDM volume 3, 3.4.5: base 0, limit 4 GiB where a limit is checked, present, accessed. */
#define SEGMENT_KERNEL_CODE 0x00af9b000000ffffULL
#define SEGMENT_KERNEL_DATA 0x00cf93000000ffffULL
#define SEGMENT_USER_DATA   0x00cff3000000ffffULL
#define SEGMENT_USER_CODE   0x00affb000000ffffULL

#define TSS_ACCESS 0x89U /* present, available TSS */

#define GATE_INTERRUPT      0x8e /* present, for ring 0 and hardware */
#define GATE_INTERRUPT_USER 0xee
enum { STACK_DEFAULT, STACK_NMI, STACK_EMERGENCY }; /* numbers of the IST; 0 is the TSS's stack for ring 0 */

static void gdt_fill(struct machine_core *own) {
    uint64_t tss = (uint64_t)&own->tss;
    uint64_t low = tss_limit_set(0, sizeof(own->tss) - 1);
    low = tss_base_low_set(low, tss);
    low = tss_access_set(low, TSS_ACCESS);
    low = tss_base_middle_set(low, tss >> 24);
    own->gdt[SELECTOR_KERNEL_CODE / 8] = SEGMENT_KERNEL_CODE;
    own->gdt[SELECTOR_KERNEL_DATA / 8] = SEGMENT_KERNEL_DATA;
    own->gdt[SELECTOR_USER_DATA / 8] = SEGMENT_USER_DATA;
    own->gdt[SELECTOR_USER_CODE / 8] = SEGMENT_USER_CODE;
    own->gdt[SELECTOR_TSS / 8] = low;
    own->gdt[SELECTOR_TSS / 8 + 1] = tss >> 32;
}

static void tss_fill(struct machine_core *own) {
    own->tss.stack[0] = own->stack;
    own->tss.interrupt_stack[STACK_NMI - 1] = (uint64_t)own->nmi_stack + sizeof(own->nmi_stack);
    own->tss.interrupt_stack[STACK_EMERGENCY - 1] = (uint64_t)own->emergency_stack + sizeof(own->emergency_stack);
    own->tss.io_map = sizeof(own->tss);
}

static void gate_set(struct machine_core *own, uint32_t vector, const uint8_t *stub, uint8_t attributes,
                     uint8_t stack) {
    uint64_t address = (uint64_t)stub;
    own->idt[vector] = (struct machine_gate){
        .offset_low = (uint16_t)address,
        .selector = SELECTOR_KERNEL_CODE,
        .interrupt_stack = stack,
        .attributes = attributes,
        .offset_middle = (uint16_t)(address >> 16),
        .offset_high = (uint32_t)(address >> 32),
    };
}

static void idt_fill(struct machine_core *own) {
    for (uint32_t v = 0; v < VECTOR_EXCEPTIONS; v++) {
        gate_set(own, v, fault_stubs + v * STUB_SIZE, GATE_INTERRUPT, STACK_DEFAULT);
    }
    for (uint32_t v = VECTOR_EXCEPTIONS; v < MACHINE_GATES; v++) {
        gate_set(own, v, stray_stub, GATE_INTERRUPT, STACK_DEFAULT);
    }
    for (uint32_t e = 0; e < MACHINE_EVENT_COUNT; e++) {
        gate_set(own, VECTOR_EVENTS + e, event_stubs + e * STUB_SIZE, GATE_INTERRUPT, STACK_DEFAULT);
    }
    gate_set(own, VECTOR_SPURIOUS, spurious_stub, GATE_INTERRUPT, STACK_DEFAULT);
    gate_set(own, VECTOR_BREAKPOINT, fault_stubs + VECTOR_BREAKPOINT * STUB_SIZE, GATE_INTERRUPT_USER, STACK_DEFAULT);
    gate_set(own, VECTOR_NMI, nmi_stub, GATE_INTERRUPT, STACK_NMI);
    gate_set(own, VECTOR_DOUBLE_FAULT, fault_stubs + VECTOR_DOUBLE_FAULT * STUB_SIZE, GATE_INTERRUPT, STACK_EMERGENCY);
    gate_set(own, VECTOR_MACHINE_CHECK, fault_stubs + VECTOR_MACHINE_CHECK * STUB_SIZE, GATE_INTERRUPT,
             STACK_EMERGENCY);
}

void descriptors_start(struct machine_core *own) {
    gdt_fill(own);
    tss_fill(own);
    idt_fill(own);
    struct descriptor_pointer gdt = {.limit = sizeof(own->gdt) - 1, .base = (uint64_t)own->gdt};
    struct descriptor_pointer idt = {.limit = sizeof(own->idt) - 1, .base = (uint64_t)own->idt};
    descriptors_load(&gdt, &idt);
}
