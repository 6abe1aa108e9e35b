/* SPDX-License-Identifier: MIT
 *
 * One register of the FPU, for tests of what a thread finds there.
 */
#ifndef R4_USER_X86_FPU_H
#define R4_USER_X86_FPU_H

#include <r4/types.h>

static inline void r4_fpu_set(uint64_t value) { __asm__ volatile("movq %0, %%xmm15" : : "r"(value) : "xmm15"); }

static inline uint64_t r4_fpu_get(void) {
    uint64_t value;
    __asm__ volatile("movq %%xmm15, %0" : "=r"(value));
    return value;
}

#endif
