/* SPDX-License-Identifier: MIT
 *
 * Owners of shared hardware. See device.h.
 */
#include "device.h"

static uint32_t owner_of(const struct r4_layout *layout, const struct madt_io_apic *io_apic) {
    for (uint32_t i = 0; i < layout->header->io_apic_count; i++) {
        if (layout->io_apics[i].id == io_apic->id) {
            return layout->io_apics[i].owner;
        }
    }
    return layout->header->console_owner;
}

const struct madt_io_apic *device_io_apic(const struct madt *madt, const struct r4_layout *layout, uint32_t cluster,
                                          uint32_t index) {
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        if (owner_of(layout, &madt->io_apics[i]) == cluster && index-- == 0) {
            return &madt->io_apics[i];
        }
    }
    return NULL;
}

/* No I/O APIC after the index-th shares its page and has another owner. */
static bool page_check(const struct madt *madt, const struct r4_layout *layout, uint32_t index, struct refusal *why) {
    const struct madt_io_apic *one = &madt->io_apics[index];
    for (uint32_t i = index + 1; i < madt->io_apic_count; i++) {
        const struct madt_io_apic *other = &madt->io_apics[i];
        if (one->base / R4_PAGE_SIZE == other->base / R4_PAGE_SIZE &&
            owner_of(layout, one) != owner_of(layout, other)) {
            return refuse(why, "I/O APIC %u is cluster %u's and I/O APIC %u cluster %u's, but they share a page",
                          one->id, owner_of(layout, one), other->id, owner_of(layout, other));
        }
    }
    return true;
}

bool device_check(const struct madt *madt, const struct r4_layout *layout, struct refusal *why) {
    for (uint32_t i = 0; i < layout->header->io_apic_count; i++) {
        const struct r4_layout_io_apic *named = &layout->io_apics[i];
        if (madt_find_io_apic(madt, named->id) == NULL) {
            return refuse(why, "cluster %u has I/O APIC %u, which the MADT does not list", named->owner, named->id);
        }
    }
    for (uint32_t i = 0; i < madt->io_apic_count; i++) {
        if (!page_check(madt, layout, i, why)) {
            return false;
        }
    }
    return true;
}
