/* SPDX-License-Identifier: MIT
 *
 * AsidPools: names for address spaces. Without one an address space maps nothing and runs no thread.
 */
#ifndef R4_USER_ASID_POOL_H
#define R4_USER_ASID_POOL_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

/* Names the address space in slot `pd` for good; the value is its name. */
static inline struct r4_result r4_asid_assign(uint32_t pool, uint32_t pd) {
    return r4_syscall(r4_own(pool), R4_OP_ASID_ASSIGN, r4_own(pd), 0, 0, 0);
}

#endif
