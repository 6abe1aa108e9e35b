/* SPDX-License-Identifier: MIT
 *
 * The identity map. Source: Intel SDM volume 3, section 4.5.
 */
#include "identity.h"
#include "print.h"
#include <r4/layout.h>
#include <x86/instructions.h>
#include <x86/registers.h>

#define GIB_BITS     30U
#define GIB_PER_PAGE 512U
#define ENTRY_TABLE  3U    /* present, writable */
#define ENTRY_GIB    0x83U /* and large */
#define FIRST_END    (4ULL << GIB_BITS)

extern uint64_t identity_root[512];
extern uint64_t identity_pointers[R4_PHYS_MAX >> (GIB_BITS + 9)][GIB_PER_PAGE];

static bool has_gib_pages(void) {
    return x86_cpuid(CPUID_HIGH, 0).eax >= CPUID_HIGH_FEATURES &&
           (x86_cpuid(CPUID_HIGH_FEATURES, 0).edx & CPUID_81_EDX_1GIB);
}

phys_t identity_extend(phys_t top) {
    top = round_up(top < R4_PHYS_MAX ? top : R4_PHYS_MAX, 1ULL << GIB_BITS);
    if (top <= FIRST_END || !has_gib_pages()) {
        return FIRST_END;
    }
    for (phys_t base = FIRST_END; base < top; base += 1ULL << GIB_BITS) {
        uint64_t gib = base >> GIB_BITS;
        identity_pointers[gib / GIB_PER_PAGE][gib % GIB_PER_PAGE] = base | ENTRY_GIB;
        identity_root[gib / GIB_PER_PAGE] = (uintptr_t)identity_pointers[gib / GIB_PER_PAGE] | ENTRY_TABLE;
    }
    x86_write_cr3((uintptr_t)identity_root);
    return top;
}

void identity_copy(uint64_t *root) {
    for (uint32_t i = 0; i < R4_COUNT(identity_pointers); i++) {
        BOOT_ASSERT(root[i] == 0);
        root[i] = identity_root[i];
    }
}
