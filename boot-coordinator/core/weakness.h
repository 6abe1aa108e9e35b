/* SPDX-License-Identifier: MIT
 *
 * Weaknesses of CPUs that R4 has no measure against: printed once at boot, and named in the README's caveats. A CPU
 * that does not declare itself immune counts as weak. Source: Intel SDM volume 4, IA32_ARCH_CAPABILITIES.
 */
#ifndef R4_BOOT_WEAKNESS_H
#define R4_BOOT_WEAKNESS_H

#include <r4/types.h>

/* What CPUID and the capabilities' MSR say. */
struct weakness_cpu {
    char vendor[13];       /* zero-terminated */
    uint64_t capabilities; /* IA32_ARCH_CAPABILITIES; 0 where it does not exist */
    bool has_smep;
    bool has_smap;
};

#define WEAKNESS_LIST(X)                                                                                               \
    X(WEAKNESS_MELTDOWN, "this CPU is not declared immune to Meltdown: programs may read kernel memory")               \
    X(WEAKNESS_L1TF, "this CPU is not declared immune to L1TF: programs may read what is in the level 1 cache")        \
    X(WEAKNESS_MDS, "this CPU is not declared immune to MDS: sibling threads may read each other's data")              \
    X(WEAKNESS_NO_SMEP, "this CPU has no SMEP: nothing keeps the kernel from running a program's code")                \
    X(WEAKNESS_NO_SMAP, "this CPU has no SMAP: nothing keeps the kernel from reading a program's memory")

#define WEAKNESS_ENUM(name, text) name,
enum weakness { WEAKNESS_LIST(WEAKNESS_ENUM) WEAKNESS_COUNT };
#undef WEAKNESS_ENUM

/* A bit for each weakness, 1 << enum weakness. */
uint32_t weakness_find(const struct weakness_cpu *cpu);

const char *weakness_text(enum weakness weakness);

#endif
