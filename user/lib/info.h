/* SPDX-License-Identifier: MIT
 *
 * What the kernel told the root task at boot, and the names of its own slots.
 */
#ifndef R4_USER_INFO_H
#define R4_USER_INFO_H

#include <r4/abi.h>

static inline const struct r4_root_info *r4_info(void) { return (const struct r4_root_info *)R4_ROOT_INFO; }

/* The address of the capability in slot `index` of the own window. */
static inline uint64_t r4_own(uint32_t index) { return r4_cap_cluster_set(index, r4_info()->cluster); }

#endif
