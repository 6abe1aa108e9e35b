/* SPDX-License-Identifier: MIT
 *
 * One register of the FPU, and what the x87 did last, for tests of what a thread finds there.
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

/* An x87 instruction with an operand in memory: the x87 notes the addresses of both. */
static inline void r4_x87_use(void) {
    static const double one = 1;
    __asm__ volatile("fldl %0\nfstp %%st(0)" : : "m"(one) : "st");
}

/* The addresses that the x87 has noted, of an instruction and of its operand: their low 32 bits. */
struct r4_x87_pointers {
    uint32_t instruction;
    uint32_t operand;
};
static inline struct r4_x87_pointers r4_x87_pointers(void) {
    uint32_t environment[7]; /* SDM volume 1, figure 8-9 */
    __asm__ volatile("fnstenv %0\nfldenv %0" : "+m"(environment));
    return (struct r4_x87_pointers){environment[3], environment[5]};
}

#endif
