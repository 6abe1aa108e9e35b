/* SPDX-License-Identifier: MIT
 *
 * One-instruction names for what C cannot say. Usable by all of the coordinator but core/.
 */
#ifndef R4_BOOT_CPU_H
#define R4_BOOT_CPU_H

#include <r4/types.h>

#define CPU_MSR_APIC_BASE 0x1bU

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline void port_write8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline void port_write16(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static inline void port_write32(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t port_read8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint32_t port_read32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t cpu_msr(uint32_t number) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}
static inline uint64_t cpu_ticks(void) {
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}
static inline struct cpuid cpu_id(uint32_t leaf) {
    struct cpuid id;
    __asm__ volatile("cpuid" : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx) : "a"(leaf), "c"(0));
    return id;
}
static inline void cpu_relax(void) { __asm__ volatile("pause" : : : "memory"); }
static inline void cpu_halt(void) { __asm__ volatile("cli; hlt" : : : "memory"); }
static inline void cpu_root_load(phys_t root) { __asm__ volatile("movq %0, %%cr3" : : "r"(root) : "memory"); }

#endif
