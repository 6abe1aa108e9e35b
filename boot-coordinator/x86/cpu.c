/* SPDX-License-Identifier: MIT
 *
 * CPUID. Source: Intel SDM volume 2, CPUID (leaves 0, 7, 0xb). Leaves above the last one answer with another leaf's
 * data.
 */
#include "cpu.h"
#include <r4/string.h>
#include <x86/instructions.h>
#include <x86/registers.h>

struct weakness_cpu cpu_read(void) {
    struct weakness_cpu cpu = {.vendor = ""};
    struct cpuid basic = x86_cpuid(CPUID_BASIC, 0);
    const uint32_t vendor[3] = {basic.ebx, basic.edx, basic.ecx};
    memcpy(cpu.vendor, vendor, sizeof(vendor));
    if (basic.eax < CPUID_EXTENDED) {
        return cpu;
    }
    struct cpuid extended = x86_cpuid(CPUID_EXTENDED, 0);
    cpu.has_smep = extended.ebx & CPUID_7_EBX_SMEP;
    cpu.has_smap = extended.ebx & CPUID_7_EBX_SMAP;
    if (extended.edx & CPUID_7_EDX_CAPABILITIES) {
        cpu.capabilities = x86_rdmsr(MSR_ARCH_CAPABILITIES);
    }
    return cpu;
}

uint32_t cpu_thread_bits(void) {
    if (x86_cpuid(CPUID_BASIC, 0).eax < CPUID_TOPOLOGY) {
        return 0;
    }
    struct cpuid threads = x86_cpuid(CPUID_TOPOLOGY, 0);
    bool is_thread_level = (threads.ecx >> 8 & UINT8_MAX) == CPUID_B_ECX_THREADS;
    return is_thread_level ? threads.eax & CPUID_B_EAX_BITS : 0;
}
