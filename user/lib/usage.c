/* SPDX-License-Identifier: MIT
 *
 * How much a root task uses.
 */
#include "lib/usage.h"
#include "lib/info.h"
#include "lib/print.h"
#include "lib/slots.h"
#include "lib/window.h"

struct usage usage_take(void) {
    const struct r4_root_info *info = r4_info();
    struct usage usage = {0, 0};
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        uint32_t slot = info->untyped[i].slot;
        if (r4_type(slot) == R4_CAP_UNTYPED) {
            usage.free_bytes += (1ULL << r4_size_log2(slot)) - r4_watermark(slot);
        }
    }
    for (uint32_t index = 0; index < slots_pages() * R4_SLOTS_PER_PAGE; index++) {
        usage.used_slots += index % R4_SLOTS_PER_PAGE != 0 && r4_type(index) != R4_CAP_EMPTY;
    }
    return usage;
}

bool usage_check(struct usage before) {
    struct usage now = usage_take();
    if (now.free_bytes == before.free_bytes && now.used_slots == before.used_slots) {
        print("clean: %lu bytes free and %u slots used, as at the start", now.free_bytes, now.used_slots);
        return true;
    }
    print("left over: %lu bytes free, %lu at the start; %u slots used, %u at the start", now.free_bytes,
          before.free_bytes, now.used_slots, before.used_slots);
    return false;
}
