/* SPDX-License-Identifier: MIT
 *
 * Bits of the control registers, flags, model-specific registers and CPUID leaves that coordinator and kernel use.
 * Names and numbers are the manual's (Intel SDM volume 3, 2.5 control registers, 2.3 flags; volume 4 for the MSRs;
 * volume 2, CPUID). Plain numbers: assembler sources include this file too.
 */
#ifndef R4_X86_REGISTERS_H
#define R4_X86_REGISTERS_H

#define CR0_PE 0x00000001 /* protected mode */
#define CR0_MP 0x00000002
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020 /* x87 errors as exceptions */
#define CR0_WP 0x00010000 /* read-only pages are read-only for the kernel too */
#define CR0_PG 0x80000000

#define CR4_PAE        0x000020
#define CR4_MCE        0x000040
#define CR4_PGE        0x000080
#define CR4_OSFXSR     0x000200
#define CR4_OSXMMEXCPT 0x000400
#define CR4_UMIP       0x000800
#define CR4_FSGSBASE   0x010000
#define CR4_OSXSAVE    0x040000
#define CR4_SMEP       0x100000
#define CR4_SMAP       0x200000

#define RFLAGS_ONE  0x00002 /* always set */
#define RFLAGS_TF   0x00100
#define RFLAGS_IF   0x00200
#define RFLAGS_DF   0x00400
#define RFLAGS_IOPL 0x03000
#define RFLAGS_NT   0x04000
#define RFLAGS_AC   0x40000

#define MSR_APIC_BASE         0x0000001b
#define MSR_ARCH_CAPABILITIES 0x0000010a
#define MSR_SYSENTER_CS       0x00000174
#define MSR_EFER              0xc0000080
#define MSR_STAR              0xc0000081
#define MSR_LSTAR             0xc0000082
#define MSR_FMASK             0xc0000084
#define MSR_GS_BASE           0xc0000101
#define MSR_KERNEL_GS_BASE    0xc0000102

#define APIC_BASE_ENABLE 0x800
#define APIC_BASE_X2APIC 0x400

#define EFER_SCE 0x001 /* syscall */
#define EFER_LME 0x100
#define EFER_NXE 0x800

#define XCR0_X87    0x01
#define XCR0_SSE    0x02
#define XCR0_AVX    0x04
#define XCR0_AVX512 0xe0 /* three components that are enabled together */

#define CPUID_BASIC              0x00000000 /* eax: the last basic leaf; leaves above it return data of another leaf */
#define CPUID_FEATURES           0x00000001
#define CPUID_EXTENDED           0x00000007 /* subleaf 0 */
#define CPUID_XSAVE              0x0000000d
#define CPUID_TOPOLOGY           0x0000000b /* subleaf 0: threads of one core */
#define CPUID_TSC                0x00000015
#define CPUID_FREQUENCY          0x00000016
#define CPUID_HIGH               0x80000000 /* eax: the last leaf of this range */
#define CPUID_HIGH_FEATURES      0x80000001
#define CPUID_1_ECX_X2APIC       0x00200000
#define CPUID_1_ECX_XSAVE        0x04000000
#define CPUID_1_EDX_MCE          0x00000080
#define CPUID_1_EDX_PGE          0x00002000
#define CPUID_7_EBX_FSGSBASE     0x00000001
#define CPUID_7_EBX_SMEP         0x00000080
#define CPUID_7_EBX_SMAP         0x00100000
#define CPUID_7_ECX_UMIP         0x00000004
#define CPUID_7_EDX_CAPABILITIES 0x20000000 /* MSR_ARCH_CAPABILITIES exists */
#define CPUID_B_ECX_THREADS      1          /* kind of the level, bits 8 to 15 */
#define CPUID_B_EAX_BITS         0x1f       /* that tell apart what the level below has */
#define CPUID_D1_EAX_OPT         0x00000001 /* XSAVEOPT; leaf 0xd, subleaf 1 */
#define CPUID_81_EDX_NX          0x00100000
#define CPUID_81_EDX_1GIB        0x04000000
#define CPUID_81_EDX_LONG        0x20000000

/* Vectors of the exceptions that are treated specially (SDM volume 3, table 6-1). */
#define VECTOR_NMI           2
#define VECTOR_BREAKPOINT    3
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_EXCEPTIONS    32 /* the vectors below this are reserved for exceptions */

#endif
