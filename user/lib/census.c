/* SPDX-License-Identifier: MIT
 *
 * What a root task has.
 */
#include "lib/census.h"
#include "lib/info.h"
#include "lib/print.h"
#include "lib/slots.h"
#include "lib/window.h"

struct census census_take(void) {
    const struct r4_root_info *info = r4_info();
    struct census census = {0, 0};
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        uint32_t slot = info->untyped[i].slot;
        if (r4_type(slot) == R4_CAP_UNTYPED) {
            census.free_bytes += (1ULL << r4_size_log2(slot)) - r4_watermark(slot);
        }
    }
    for (uint32_t index = 0; index < slots_pages() * R4_SLOTS_PER_PAGE; index++) {
        census.used_slots += index % R4_SLOTS_PER_PAGE != 0 && r4_type(index) != R4_CAP_EMPTY;
    }
    return census;
}

bool census_check(struct census before) {
    struct census now = census_take();
    if (now.free_bytes == before.free_bytes && now.used_slots == before.used_slots) {
        print("clean: %lu bytes free and %u slots used, as at the start", now.free_bytes, now.used_slots);
        return true;
    }
    print("left over: %lu bytes free, %lu at the start; %u slots used, %u at the start", now.free_bytes,
          before.free_bytes, now.used_slots, before.used_slots);
    return false;
}
