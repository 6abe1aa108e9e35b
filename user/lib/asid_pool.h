/* SPDX-License-Identifier: MIT
 *
 * AsidPools: names for address spaces. Without one an address space maps nothing and runs no thread.
 */
#ifndef R4_USER_ASID_POOL_H
#define R4_USER_ASID_POOL_H

#include "lib/address.h"

/* The program's own AsidPool `number`, below r4_info()->asid_pool_count. */
static inline r4_cap_t r4_asid_pool(uint32_t number) { return r4_own(r4_info()->slot_asid_pools + number); }

/* Names the address space `pd` for good; the value is its name. */
static inline struct r4_result r4_asid_assign(r4_cap_t cap, r4_cap_t pd) {
    return r4_syscall(cap, R4_OP_ASID_POOL_ASSIGN, pd, 0, 0, 0);
}

#endif
