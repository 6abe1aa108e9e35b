/* SPDX-License-Identifier: MIT
 *
 * I/O APICs. Source: Intel 82093AA data sheet, sections 3.1 (registers in memory), 3.2 (registers reached through the
 * window).
 */
#include "io_apic.h"
#include "cluster/addresses.h"

#define IO_APIC_SELECT 0x00U /* offsets in memory: write a register's number here, then its value is in the window */
#define IO_APIC_WINDOW 0x10U

#define IO_APIC_VERSION     0x01U /* numbers of registers; bits 23:16: number of the last line */
#define IO_APIC_REDIRECTION 0x10U /* + 2 * line: low word; + 1: high word */
#define IO_APIC_LINES_MAX   120U  /* a register's number has eight bits */
#define IO_APIC_MASKED      0x10000U

static uint64_t registers(uint32_t index) {
    uint64_t page = LINKER_CONSTANT_64(r4_linker_io_apics) + (uint64_t)index * R4_PAGE_SIZE;
    return page + boot_info()->io_apics[index].base % R4_PAGE_SIZE;
}

static volatile uint32_t *window(uint64_t base, uint32_t number) {
    *(volatile uint32_t *)(base + IO_APIC_SELECT) = number;
    return (volatile uint32_t *)(base + IO_APIC_WINDOW);
}

/* The low word with the mask first: no interrupt may be delivered by a half-written entry. Edge triggered, so that an
 * interrupt that firmware has not acknowledged is dropped. The window is uncached: the stores stay in order. */
static void line_mask(uint64_t base, uint32_t line) {
    *window(base, IO_APIC_REDIRECTION + 2 * line) = IO_APIC_MASKED;
    *window(base, IO_APIC_REDIRECTION + 2 * line + 1) = 0;
}

void io_apic_start(void) {
    for (uint32_t i = 0; i < boot_info()->io_apic_count; i++) {
        uint64_t base = registers(i);
        uint32_t last = *window(base, IO_APIC_VERSION) >> 16 & 0xff; /* 255 if no device answers */
        for (uint32_t line = 0; line <= last && line < IO_APIC_LINES_MAX; line++) {
            line_mask(base, line);
        }
    }
}
