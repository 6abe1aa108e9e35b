/* SPDX-License-Identifier: MIT
 *
 * Frames: memory that programs can map. `rights` are out of R4_READ, R4_WRITE, R4_EXEC, with R4_READ.
 */
#ifndef R4_USER_FRAME_H
#define R4_USER_FRAME_H

#include "lib/address.h"

/* Maps the frame at `address` of the address space `pd`. */
static inline enum r4_error r4_frame_map(r4_cap_t cap, r4_cap_t pd, uint64_t address, uint32_t rights) {
    return r4_syscall(cap, R4_OP_FRAME_MAP, pd, address, rights, 0).error;
}

/* Maps the 4 KiB frame as a proxy page: page `window_page` of the window of `pd`. The frame has no other capability. */
static inline enum r4_error r4_frame_map_proxies(r4_cap_t cap, r4_cap_t pd, uint32_t window_page) {
    return r4_syscall(cap, R4_OP_FRAME_MAP_PROXIES, pd, window_page, 0, 0).error;
}

/* The mapping has these rights from now on; a proxy page stays one. */
static inline enum r4_error r4_frame_protect(r4_cap_t cap, uint32_t rights) {
    return r4_syscall(cap, R4_OP_FRAME_PROTECT, rights, 0, 0, 0).error;
}

static inline enum r4_error r4_frame_unmap(r4_cap_t cap) {
    return r4_syscall(cap, R4_OP_FRAME_UNMAP, 0, 0, 0, 0).error;
}

#endif
