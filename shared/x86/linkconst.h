/* SPDX-License-Identifier: MIT
 *
 * Reading a link constant: one instruction with an immediate that the boot linker fills in (R_X86_64_32 or
 * R_X86_64_64). Through assembly, because both compilers assume that a symbol's address is not null and is near.
 */
#ifndef R4_X86_LINKCONST_H
#define R4_X86_LINKCONST_H

#include <r4/types.h>

/* 64 bits wide, so that nobody has to widen it. */
#define LINK_CONSTANT_32(symbol)                                                                                       \
    ({                                                                                                                 \
        uint64_t link_value;                                                                                           \
        __asm__("movl $" #symbol ", %k0" : "=r"(link_value));                                                          \
        link_value;                                                                                                    \
    })

#define LINK_CONSTANT_64(symbol)                                                                                       \
    ({                                                                                                                 \
        uint64_t link_value;                                                                                           \
        __asm__("movabsq $" #symbol ", %0" : "=r"(link_value));                                                        \
        link_value;                                                                                                    \
    })

#endif
