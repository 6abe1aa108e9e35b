/* SPDX-License-Identifier: MIT
 *
 * One function per machine instruction that C cannot express. None of them checks anything: the caller knows the
 * privilege level, and has asked CPUID where the instruction has a bit there. Those with effects that the compiler
 * cannot see clobber memory, so that it moves no access across them.
 */
#ifndef R4_X86_INSTRUCTIONS_H
#define R4_X86_INSTRUCTIONS_H

#include <r4/types.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline uint64_t x86_rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t x86_rdmsr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}
static inline void x86_wrmsr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}
static inline void x86_xsetbv(uint32_t xcr, uint64_t value) {
    __asm__ volatile("xsetbv" : : "c"(xcr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define X86_CONTROL_REGISTER(name)                                                                                     \
    static inline uint64_t x86_read_##name(void) {                                                                     \
        uint64_t value;                                                                                                \
        __asm__ volatile("movq %%" #name ", %0" : "=r"(value));                                                        \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void x86_write_##name(uint64_t value) {                                                              \
        __asm__ volatile("movq %0, %%" #name : : "r"(value) : "memory");                                               \
    }
X86_CONTROL_REGISTER(cr0)
X86_CONTROL_REGISTER(cr2)
X86_CONTROL_REGISTER(cr3)
X86_CONTROL_REGISTER(cr4)
X86_CONTROL_REGISTER(dr7)
#undef X86_CONTROL_REGISTER

static inline void x86_out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void x86_out16(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void x86_out32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t x86_in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint32_t x86_in32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* `rep` forms, upwards: each moves its pointers behind what it has written or read. */
#define X86_STORE_STRING(name, type)                                                                                   \
    static inline void *x86_##name(void *target, type value, size_t count) {                                           \
        __asm__ volatile("rep " #name : "+D"(target), "+c"(count) : "a"(value) : "memory");                            \
        return target;                                                                                                 \
    }
X86_STORE_STRING(stosb, uint8_t)
X86_STORE_STRING(stosq, uint64_t)
#undef X86_STORE_STRING

#define X86_MOVE_STRING(name)                                                                                          \
    static inline void x86_##name(void **target, const void **source, size_t count) {                                  \
        __asm__ volatile("rep " #name : "+D"(*target), "+S"(*source), "+c"(count) : : "memory");                       \
    }
X86_MOVE_STRING(movsb)
X86_MOVE_STRING(movsq)
#undef X86_MOVE_STRING

static inline void x86_pause(void) { __asm__ volatile("pause" : : : "memory"); }
static inline void x86_hlt(void) { __asm__ volatile("hlt" : : : "memory"); }
static inline void x86_cli(void) { __asm__ volatile("cli" : : : "memory"); }

#endif
