/* SPDX-License-Identifier: MIT
 *
 * Reading a linker constant: one instruction with an immediate that the boot linker fills in (R_X86_64_32 or
 * R_X86_64_64). Through assembly, because both compilers assume that a symbol's address is not null and is near.
 */
#ifndef R4_X86_LINKER_CONSTANTS_H
#define R4_X86_LINKER_CONSTANTS_H

#include <r4/types.h>

/* The value is 64 bits wide, so that no caller has to widen it. */
#define LINKER_CONSTANT_32(symbol)                                                                                     \
    ({                                                                                                                 \
        uint64_t linker_value;                                                                                         \
        __asm__("movl $" #symbol ", %k0" : "=r"(linker_value));                                                        \
        linker_value;                                                                                                  \
    })

#define LINKER_CONSTANT_64(symbol)                                                                                     \
    ({                                                                                                                 \
        uint64_t linker_value;                                                                                         \
        __asm__("movabsq $" #symbol ", %0" : "=r"(linker_value));                                                      \
        linker_value;                                                                                                  \
    })

/* Defines the function NAME(): false if a skip_ constant is R4_LINKER_SKIP, true if it is 0. False costs one
 * instruction: a jump, as far as the constant says, over the jump to what is skipped. */
#define LINKER_CHOICE(name, symbol)                                                                                    \
    static inline __attribute__((__always_inline__)) bool name(void) {                                                 \
        __asm__ goto(".byte 0xe9\n.long " #symbol "\n.byte 0xe9\n.long %l[yes] - . - 4" : : : : yes);                  \
        return false;                                                                                                  \
    yes:                                                                                                               \
        return true;                                                                                                   \
    }

#endif
