/* SPDX-License-Identifier: MIT
 *
 * If a call finds no object to work on, the retype that creates one is made instead.
 */
#include "setup.h"
#include "cpu.h"
#include "oracle_resolve.h"
#include "pure/retype.h"
#include <string.h>

#define SETUP_CAP_PAGES 4U /* the first window pages are for cap pages, those after them for proxies */

uint64_t setup_place(const struct chooser *chooser) {
    static const uint8_t priorities[] = {100, 100, 100, 100, 100, 101, 50, 0, 200};
    uint32_t cores = chooser->instance->layout.core_count;
    uint64_t core = sim_random(cores);
    for (uint32_t i = 0; i < cores && chooser->instance->cpus[core].mode != CPU_HALTED; i++) {
        core = (core + 1) % cores;
    }
    return r4_schedule_core_put(core) | r4_schedule_priority_put(priorities[sim_random(R4_COUNT(priorities))]);
}

void setup_retype(struct chooser *chooser, enum r4_cap_type type, uint64_t log2, uint64_t count) {
    chooser_invoke(chooser, R4_OP_UNTYPED_RETYPE, fits_untyped);
    const struct r4_slot *source = chooser->slot;
    uint64_t size = 1ULL << retype_object_log2(type, (uint32_t)log2);
    uint64_t watermark = source == NULL ? 0 : slot_watermark(source);
    uint64_t offset = round_up(watermark, size);
    if (sim_chance(CHOOSER_WILD)) {
        offset = sim_chance(2) ? round_down(sim_random(watermark + 1), size) : offset + sim_random(R4_LARGE_SIZE);
    }
    chooser->call.argument[0] = r4_retype_type_put(type) | r4_retype_size_log2_put(log2) | r4_retype_count_put(count);
    chooser->call.argument[1] = offset;
    chooser->call.argument[2] = chooser_find(chooser, fits_empty);
    chooser->call.object = source == NULL ? 0 : slot_object(source) + offset;
}

uint64_t setup_level(const struct chooser *chooser, const struct pd *pd, uint64_t address) {
    uint64_t level = 3;
    while (level > 1 && address < R4_USER_END) {
        const uint64_t *entry = paging_entry(chooser->instance->direct, pd->root, address, (uint32_t)level + 1);
        if (entry == NULL || (*entry & PAGING_PRESENT) == 0) {
            break;
        }
        level--;
    }
    return level;
}

/* Calls `wanted` on a capability that fits; if there is none, the retype that creates one. */
static void call_or_retype(struct chooser *chooser, const struct call *wanted, fits_t *fits, enum r4_cap_type type) {
    chooser_invoke(chooser, (enum r4_operation)wanted->operation, fits);
    if (chooser->slot == NULL || !fits(chooser, chooser->slot)) {
        chooser->failed = false;
        setup_retype(chooser, type, type == R4_CAP_FRAME ? R4_PAGE_BITS : 0, 1 + sim_random(4));
        return;
    }
    memcpy(chooser->call.argument, wanted->argument, sizeof(wanted->argument));
}

static bool has_table(const struct chooser *chooser, const struct pd *pd, uint64_t address) {
    const uint64_t *entry = paging_entry(chooser->instance->direct, pd->root, address, 2);
    return entry != NULL && (*entry & PAGING_PRESENT) != 0;
}

/* The first free page of the window, from `first` on; `end` if there is none. */
static uint64_t page_free(const struct pd *pd, uint64_t first, uint64_t end) {
    while (first < end && oracle_page_of(pd, first).base != 0) {
        first++;
    }
    return first;
}

/* The next call on the way to a window with pages; the address space has a name. */
static void setup_window(struct chooser *chooser, uint64_t space, const struct pd *pd) {
    uint64_t caps = page_free(pd, 0, SETUP_CAP_PAGES);
    uint64_t proxies = page_free(pd, SETUP_CAP_PAGES, CHOOSER_PAGES);
    struct call wanted = {.argument = {space, 0}};
    if (!has_table(chooser, pd, R4_WINDOW_BASE)) {
        wanted.operation = R4_OP_PAGE_TABLE_MAP;
        wanted.argument[1] = R4_WINDOW_BASE;
        wanted.argument[2] = setup_level(chooser, pd, R4_WINDOW_BASE);
        call_or_retype(chooser, &wanted, fits_unmapped_table, R4_CAP_PAGE_TABLE);
    } else if (caps == 0 || (caps < SETUP_CAP_PAGES && sim_chance(3))) {
        wanted.operation = R4_OP_CAP_PAGE_MAP;
        wanted.argument[1] = caps;
        call_or_retype(chooser, &wanted, fits_unmapped_cap_page, R4_CAP_CAP_PAGE);
    } else if (proxies < CHOOSER_PAGES) {
        wanted.operation = R4_OP_FRAME_MAP_PROXIES;
        wanted.argument[1] = proxies;
        call_or_retype(chooser, &wanted, fits_sole_frame, R4_CAP_FRAME);
    } else {
        chooser->failed = true;
    }
}

static bool has_proxies(const struct pd *pd) {
    uint64_t page = SETUP_CAP_PAGES;
    while (page < CHOOSER_PAGES && oracle_page_of(pd, page).kind != PAGING_KIND_PROXIES) {
        page++;
    }
    return page < CHOOSER_PAGES;
}

/* Another address space than the caller's, with proxy pages; and one without. */
static bool fits_set_up_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    const struct pd *pd = chooser_pd(chooser, slot);
    return pd != NULL && pd != chooser->caller->pd && pd->window.name != 0 && has_proxies(pd);
}
static bool fits_bare_pd(const struct chooser *chooser, const struct r4_slot *slot) {
    const struct pd *pd = chooser_pd(chooser, slot);
    return pd != NULL && pd != chooser->caller->pd && !has_proxies(pd);
}

void setup_space(struct chooser *chooser) {
    const struct r4_slot *slot;
    uint64_t space = chooser_cap(chooser, sim_chance(3) ? fits_pd : fits_bare_pd, &slot);
    const struct pd *pd = chooser_pd(chooser, slot);
    if (pd == NULL) {
        chooser->failed = true;
    } else if (pd->window.name == 0) {
        chooser_invoke(chooser, R4_OP_ASID_POOL_ASSIGN, fits_pool);
        chooser->call.argument[0] = space;
    } else {
        setup_window(chooser, space, pd);
    }
}

void setup_thread(struct chooser *chooser) {
    const struct r4_slot *slot;
    uint64_t cap = chooser_cap(chooser, fits_stopped_thread, &slot);
    const struct thread *thread = chooser_thread(chooser, slot);
    if (thread == NULL) {
        chooser->failed = true;
        return;
    }
    chooser->call.cap = cap;
    if (thread->pd == NULL) {
        chooser->call.operation = R4_OP_THREAD_CONFIGURE;
        chooser->call.argument[0] = chooser_cap(chooser, sim_chance(4) ? fits_pd : fits_set_up_pd, &slot);
        chooser->call.argument[1] = R4_ROOT_IMAGE;
        chooser->call.argument[2] = R4_ROOT_STACK_TOP;
    } else if (thread->queue.priority == 0) {
        chooser->call.operation = R4_OP_THREAD_SCHEDULE;
        chooser->call.argument[0] = setup_place(chooser);
    } else {
        chooser->call.operation = R4_OP_THREAD_START;
    }
}
