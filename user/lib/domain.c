/* SPDX-License-Identifier: MIT
 *
 * Building address spaces.
 */
#include "lib/domain.h"
#include "lib/asid_pool.h"
#include "lib/cap.h"
#include "lib/cap_page.h"
#include "lib/frame.h"
#include "lib/memory.h"
#include "lib/print.h"
#include "lib/space.h"
#include "lib/thread.h"
#include "lib/window.h"

/* Where the image's segments begin and end: user.ld. */
extern const char image_constants[];
extern const char image_data[];
extern const char image_end[];

struct domain domain_create(uint32_t untyped, r4_cap_t asid_pool) {
    struct domain domain = {.untyped = untyped};
    domain.pd = memory_create_from(untyped, R4_CAP_PD, 0, 1);
    struct r4_result named = r4_asid_assign(asid_pool, r4_own(domain.pd));
    must(named.error, "naming an address space");
    domain.name = (uint32_t)named.value;
    return domain;
}

void domain_map(const struct domain *domain, uint32_t slot, uint64_t address, uint32_t rights) {
    enum r4_error error;
    while ((error = r4_frame_map(r4_own(slot), r4_own(domain->pd), address, rights)) == R4_ERR_NO_TABLE) {
        space_add_table(domain->pd, domain->untyped, address);
    }
    must(error, "mapping a frame in a domain");
}

/* Makes the object; calls `map` until all tables are there. */
static uint32_t add_page(const struct domain *domain, uint32_t window_page, enum r4_cap_type type,
                         enum r4_error (*map)(r4_cap_t cap, r4_cap_t pd, uint32_t window_page)) {
    uint32_t slot = memory_create_from(domain->untyped, type, type == R4_CAP_FRAME ? R4_PAGE_BITS : 0, 1);
    enum r4_error error;
    while ((error = map(r4_own(slot), r4_own(domain->pd), window_page)) == R4_ERR_NO_TABLE) {
        space_add_table(domain->pd, domain->untyped, R4_WINDOW_BASE + (uint64_t)window_page * R4_PAGE_SIZE);
    }
    must(error, "mapping a page of a domain's window");
    return slot;
}

uint32_t domain_add_caps(const struct domain *domain, uint32_t window_page) {
    return add_page(domain, window_page, R4_CAP_CAP_PAGE, r4_cap_page_map);
}

uint32_t domain_add_proxies(const struct domain *domain, uint32_t window_page) {
    return add_page(domain, window_page, R4_CAP_FRAME, r4_frame_map_proxies);
}

static bool is_shared(uint64_t address) {
    return (address >= R4_ROOT_IMAGE && address < (uintptr_t)image_end) ||
           (address >= R4_ROOT_INFO && address < R4_ROOT_INFO + R4_ROOT_INFO_PAGES * R4_PAGE_SIZE);
}

static uint32_t rights_of(uint64_t address) {
    if (address < (uintptr_t)image_constants) {
        return R4_READ | R4_EXEC;
    }
    return address >= (uintptr_t)image_data && address < (uintptr_t)image_end ? R4_READ | R4_WRITE : R4_READ;
}

/* The next slot that is no page's header. */
static uint32_t slot_after(uint32_t slot) {
    slot++;
    return slot % R4_SLOTS_PER_PAGE == 0 ? slot + 1 : slot;
}

void domain_add_image(struct domain *domain) {
    const struct r4_root_info *info = r4_info();
    require(domain->image_count == 0, "a domain has one image");
    uint32_t slot = info->slot_frames;
    for (uint32_t i = 0; i < info->frame_count; i++, slot = slot_after(slot)) {
        domain->image_count += is_shared(r4_mapped_at(slot));
    }
    domain->image = slots_take(domain->image_count);
    uint32_t copy = domain->image;
    slot = info->slot_frames;
    for (uint32_t i = 0; i < info->frame_count; i++, slot = slot_after(slot)) {
        uint64_t address = r4_mapped_at(slot);
        if (is_shared(address)) {
            must(r4_cap_copy(r4_own(slot), copy, rights_of(address), 0), "copying a frame of the image");
            domain_map(domain, copy++, address, rights_of(address));
        }
    }
}

uint32_t domain_add_thread(const struct domain *domain, void (*entry)(uint64_t argument), uint64_t stack,
                           uint64_t argument) {
    require(domain->image_count != 0, "a thread of a domain needs the image");
    uint32_t frame = memory_create_from(domain->untyped, R4_CAP_FRAME, R4_PAGE_BITS, 1);
    domain_map(domain, frame, stack, R4_READ | R4_WRITE);
    uint32_t thread = memory_create_from(domain->untyped, R4_CAP_THREAD, 0, 1);
    must(r4_thread_configure(r4_own(thread), r4_own(domain->pd), entry, stack + R4_PAGE_SIZE, argument),
         "configuring a thread of a domain");
    return thread;
}

void domain_end(struct domain *domain) {
    memory_delete(domain->image, domain->image_count);
    domain->image_count = 0;
}
