/* SPDX-License-Identifier: MIT
 *
 * Core start-up. Source: Intel SDM volume 3, section 9.4.4. INIT is sent once to all, early: what a core needs after it
 * passes while the kernels are created. The start-up message is repeated until the core answers: messages can be lost,
 * and a core that runs ignores further ones.
 */
#include "start.h"
#include "clock.h"
#include "identity.h"
#include "local_apic.h"
#include "print.h"
#include <r4/layout.h>
#include <r4/string.h>
#include <stdatomic.h>
#include <x86/instructions.h>

#define START_INIT_US  10000U /* from INIT to the first start-up message, at least */
#define START_RETRY_US 200U   /* from one to the next: the first interval, doubled each time */
#define START_RETRIES  15U    /* 200 us * (2^15 - 1): six and a half seconds in all */
#define START_TURN_US  5U     /* from one look at whether a core has arrived to the next */

extern const uint8_t trampoline_begin[];
extern const uint8_t trampoline_end[];
_Noreturn void core_enter(struct core_start *start); /* entry.S */
struct core_start *core_find(void);                  /* called by entry.S */

static struct core_start starts[R4_MAX_CLUSTERS * R4_MAX_CORES];
static uint32_t start_count;
static uint64_t reset_at; /* clock_now() after the last INIT; 0: none was sent */
static uint64_t tables[R4_MAX_CLUSTERS][512] __attribute__((aligned(4096)));

bool start_add(const struct core_start *start) {
    if (start_count == R4_COUNT(starts)) {
        return false;
    }
    starts[start_count++] = *start;
    return true;
}

void start_clear(void) { start_count = 0; }

phys_t start_tables(uint32_t cluster, phys_t kernel_root) {
    BOOT_ASSERT(cluster < R4_MAX_CLUSTERS && kernel_root != 0);
    uint64_t *root = tables[cluster];
    const uint64_t *kernel = identity_at(kernel_root);
    memset(root, 0, R4_PAGE_SIZE); /* of an earlier attempt */
    identity_copy(root);
    for (uint32_t i = 256; i < 512; i++) {
        root[i] = kernel[i];
    }
    return (uintptr_t)root;
}

struct core_start *start_find(uint32_t id) {
    for (uint32_t i = 0; i < start_count; i++) {
        if (starts[i].apic_id == id) {
            return &starts[i];
        }
    }
    return NULL;
}

/* The first C code of a core: finds its record. Only added cores are started; any other one stays here. */
struct core_start *core_find(void) {
    apic_join();
    struct core_start *start = start_find(apic_id());
    while (start == NULL) {
        x86_cli();
        x86_hlt();
    }
    return start;
}

static bool core_arrives(const struct core_start *start, uint32_t microseconds) {
    uint64_t begin = clock_now();
    while (!clock_passed(begin, microseconds)) {
        /* Acquire: pairs with the store of 1 in core_entry64 of entry.S. Then the shared start-up stack is free. */
        if (atomic_load_explicit(&start->arrived, memory_order_acquire)) {
            return true;
        }
        x86_pause(); /* an emulator may run one core at a time */
        clock_wait_since(clock_now(), START_TURN_US);
    }
    return false;
}

static bool core_start(const struct core_start *start, phys_t page) {
    uint32_t wait = START_RETRY_US;
    for (uint32_t retry = 0; retry < START_RETRIES; retry++, wait *= 2) {
        apic_send_startup(start->apic_id, page);
        if (core_arrives(start, wait)) {
            return true;
        }
    }
    return false;
}

void start_reset(const struct r4_layout_core *cores, uint32_t count) {
    uint32_t self = apic_id();
    for (uint32_t i = 0; i < count; i++) {
        if (cores[i].apic_id != self) {
            apic_send_init(cores[i].apic_id);
            reset_at = clock_now();
        }
    }
}

uint32_t start_cores(phys_t page) {
    uint32_t self = apic_id();
    uint32_t silent = 0;
    BOOT_ASSERT((uint64_t)(trampoline_end - trampoline_begin) <= R4_PAGE_SIZE && is_aligned(page, R4_PAGE_SIZE));
    memcpy(identity_at(page), trampoline_begin, (size_t)(trampoline_end - trampoline_begin));
    if (reset_at != 0) {
        clock_wait_since(reset_at, START_INIT_US);
    }
    for (uint32_t i = 0; i < start_count; i++) {
        if (starts[i].apic_id != self && !core_start(&starts[i], page)) {
            starts[i].silent = 1;
            silent++;
        }
    }
    return silent;
}

void start_self(void) {
    BOOT_ASSERT(start_find(apic_id()) != NULL);
    core_enter(core_find());
}
