/* SPDX-License-Identifier: MIT
 *
 * Weaknesses of CPUs. See weakness.h.
 */
#include "weakness.h"
#include <r4/contract.h>
#include <r4/string.h>

#define CAPABILITY_RDCL_NO (1ULL << 0) /* immune to rogue data cache load and to L1TF */
#define CAPABILITY_MDS_NO  (1ULL << 5)

const char *weakness_text(enum weakness weakness) {
#define WEAKNESS_TEXT(name, text) [name] = (text),
    static const char *const texts[WEAKNESS_COUNT] = {WEAKNESS_LIST(WEAKNESS_TEXT)};
#undef WEAKNESS_TEXT
    KERNEL_ASSERT(weakness < WEAKNESS_COUNT);
    return texts[weakness];
}

/* These makers' CPUs check the rights before they forward data; none of them had to declare it. */
static bool vendor_is_immune(const char *vendor) {
    return string_equal(vendor, "AuthenticAMD") || string_equal(vendor, "HygonGenuine");
}

uint32_t weakness_find(const struct weakness_cpu *cpu) {
    uint32_t found = 0;
    bool immune = vendor_is_immune(cpu->vendor);
    if (!immune && !(cpu->capabilities & CAPABILITY_RDCL_NO)) {
        found |= 1U << WEAKNESS_MELTDOWN | 1U << WEAKNESS_L1TF;
    }
    if (!immune && !(cpu->capabilities & CAPABILITY_MDS_NO)) {
        found |= 1U << WEAKNESS_MDS;
    }
    found |= cpu->has_smep ? 0 : 1U << WEAKNESS_NO_SMEP;
    found |= cpu->has_smap ? 0 : 1U << WEAKNESS_NO_SMAP;
    return found;
}
