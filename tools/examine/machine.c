/* SPDX-License-Identifier: MIT
 *
 * The machine of the host program. See machine.h.
 */
#include "machine.h"
#include "boot.h"
#include "print.h"
#include "x86/cpu.h"
#include "x86/fwcfg.h"
#include "x86/identity.h"
#include "x86/local_apic.h"
#include "x86/start.h"
#include <r4/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LINE_SIZE 4096U

static uint32_t boot_core;

void *machine_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "examine: no memory\n");
        exit(EXIT_FAILURE);
    }
    return memory;
}

void machine_boot_core(uint32_t apic_id) { boot_core = apic_id; }

/* --- x86/local_apic.h: every core can be started --- */

uint32_t apic_id(void) { return boot_core; }
uint32_t apic_id_max(void) { return UINT32_MAX - 1; }
phys_t apic_base(void) { return 0xfee00000; }

/* --- x86/cpu.h, start.h, identity.h, fwcfg.h --- */

uint32_t cpu_thread_bits(void) { return 0; }

struct core_start *start_find(uint32_t id) {
    (void)id;
    return NULL; /* none has been added */
}

phys_t identity_extend(phys_t end) { return end < MACHINE_END ? end : MACHINE_END; }

bool fwcfg_read(const char *name, char *out, size_t size) {
    (void)name;
    out[0] = 0;
    return size == 0; /* never */
}

/* --- coordinator.ld: the coordinator lies nowhere --- */

extern const uint8_t coordinator_begin[];
extern const uint8_t coordinator_end[];
const uint8_t coordinator_begin[1];
const uint8_t coordinator_end[1];

/* --- print.h: a line of the coordinator is a line that begins with the word `line` --- */

static void print_list(const char *text, va_list arguments) {
    char line[LINE_SIZE];
    format_list(line, sizeof(line), text, arguments);
    fputs(line, stdout);
}

void boot_begin(const char *text, ...) {
    va_list arguments;
    fputs("line ", stdout);
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
}

void boot_piece(const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
}

void boot_end(void) { putchar('\n'); }

void boot_print(const char *text, ...) {
    va_list arguments;
    fputs("line ", stdout);
    va_start(arguments, text);
    print_list(text, arguments);
    va_end(arguments);
    putchar('\n');
}

void boot_stop(const char *text, ...) {
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, text);
    format_list(line, sizeof(line), text, arguments);
    va_end(arguments);
    examine_stopped(line);
}

void contract_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "examine: %s:%d: a mistake of the coordinator: not %s\n", file, line, condition);
    abort();
}
