/* SPDX-License-Identifier: MIT
 *
 * FPU area: XSAVE's standard format (SDM volume 1, 13.4), or on a processor without XSAVE that of FXSAVE, whose 512
 * bytes are the first part of it. Neither instruction writes bytes 464 to 511: they hold the fs and gs bases, which
 * user mode can change by wrfsbase and wrgsbase if CR4.FSGSBASE is on, and cannot change if it is off.
 */
#include "fpu.h"
#include <x86/registers.h>

struct fpu_area {
    uint16_t control; /* x87 */
    uint16_t status;
    uint8_t other[20];
    uint32_t mxcsr;
    uint8_t registers[436];
    uint64_t fs_base;
    uint64_t gs_base;
    uint8_t unused[32];
    uint64_t header[8]; /* XSTATE_BV: a component whose bit is clear is loaded with its initial state */
    uint8_t extended[MACHINE_FPU_SIZE - 576];
};
R4_SIZE(struct fpu_area, MACHINE_FPU_SIZE);
R4_OFFSET(struct fpu_area, mxcsr, 24);
R4_OFFSET(struct fpu_area, fs_base, 464);
R4_OFFSET(struct fpu_area, header, 512);

#define FPU_CONTROL_INITIAL 0x37fU  /* as after fninit: 64-bit precision, no exceptions */
#define FPU_MXCSR_INITIAL   0x1f80U /* no exceptions */

void fpu_start(struct machine_core *own) {
    own->fpu = MACHINE_FPU_FXSAVE;
    if ((x86_cpuid(CPUID_FEATURES, 0).ecx & CPUID_1_ECX_XSAVE) == 0) {
        return;
    }
    uint64_t components = x86_cpuid(CPUID_XSAVE, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
    if ((components & XCR0_AVX512) != XCR0_AVX512) {
        components &= ~(uint64_t)XCR0_AVX512;
    }
    x86_xsetbv(0, components);
    if (x86_cpuid(CPUID_XSAVE, 0).ebx > MACHINE_FPU_SIZE) { /* ebx: bytes for what is enabled now */
        x86_xsetbv(0, components & (XCR0_X87 | XCR0_SSE | XCR0_AVX));
    }
    bool optimized = (x86_cpuid(CPUID_XSAVE, 1).eax & CPUID_D1_EAX_OPT) != 0;
    own->fpu = optimized ? MACHINE_FPU_XSAVEOPT : MACHINE_FPU_XSAVE;
}

void machine_fpu_init(void *area) {
    struct fpu_area *fpu = area;
    machine_zero(fpu, offsetof(struct fpu_area, extended));
    fpu->control = FPU_CONTROL_INITIAL;
    fpu->mxcsr = FPU_MXCSR_INITIAL;
}

/* In the kernel the user's gs base is in the MSR that swapgs exchanges with the gs base. */
static void bases_save(struct fpu_area *fpu) {
    __asm__ volatile("rdfsbase %0" : "=r"(fpu->fs_base));
    fpu->gs_base = x86_rdmsr(MSR_KERNEL_GS_BASE);
}

static void bases_load(const struct fpu_area *fpu) {
    __asm__ volatile("wrfsbase %0" : : "r"(fpu->fs_base));
    x86_wrmsr(MSR_KERNEL_GS_BASE, fpu->gs_base);
}

/* All ones in edx:eax: every component that XCR0 has enabled. */
void machine_fpu_save(void *area) {
    struct fpu_area *fpu = area;
    const struct machine_core *own = machine_own();
    if (own->fpu == MACHINE_FPU_XSAVEOPT) {
        __asm__ volatile("xsaveopt64 %0" : "+m"(*fpu) : "a"(~0U), "d"(~0U));
    } else if (own->fpu == MACHINE_FPU_XSAVE) {
        __asm__ volatile("xsave64 %0" : "+m"(*fpu) : "a"(~0U), "d"(~0U));
    } else {
        __asm__ volatile("fxsave64 %0" : "+m"(*fpu));
    }
    if (own->has_fsgsbase) {
        bases_save(fpu);
    }
}

/* Only machine_fpu_init() and machine_fpu_save() write areas, so no reserved bit is set, which would fault. Some
 * processors save and load the addresses of the last x87 instruction and its operand only while an x87 exception is
 * pending (APM volume 5, FXSAVE and XSAVE). So fninit clears those of the thread before. */
void machine_fpu_load(const void *area) {
    const struct fpu_area *fpu = area;
    const struct machine_core *own = machine_own();
    __asm__ volatile("fninit");
    if (own->fpu == MACHINE_FPU_FXSAVE) {
        __asm__ volatile("fxrstor64 %0" : : "m"(*fpu));
    } else {
        __asm__ volatile("xrstor64 %0" : : "m"(*fpu), "a"(~0U), "d"(~0U));
    }
    if (own->has_fsgsbase) {
        bases_load(fpu);
    }
}
