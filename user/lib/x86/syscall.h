/* SPDX-License-Identifier: MIT
 *
 * The one way into the kernel: registers as r4/abi.h states them. For the stubs of libr4, and for tests of calls that
 * no stub makes.
 */
#ifndef R4_USER_X86_SYSCALL_H
#define R4_USER_X86_SYSCALL_H

#include <r4/abi.h>

struct r4_result {
    enum r4_error error;
    uint64_t value; /* of the operations that give one */
};

static inline struct r4_result r4_syscall(uint64_t cap, enum r4_operation operation, uint64_t a0, uint64_t a1,
                                          uint64_t a2, uint64_t a3) {
    uint64_t error;
    uint64_t number = operation;
    register uint64_t r10 __asm__("r10") = a1;
    register uint64_t r8 __asm__("r8") = a2;
    register uint64_t r9 __asm__("r9") = a3;
    __asm__ volatile("syscall"
                     : "=a"(error), "+d"(a0), "+D"(cap), "+S"(number), "+r"(r10), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    return (struct r4_result){(enum r4_error)error, a0};
}

#endif
