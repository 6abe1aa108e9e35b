/* SPDX-License-Identifier: MIT
 *
 * Frames: memory that programs can map.
 */
#ifndef R4_USER_FRAME_H
#define R4_USER_FRAME_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

/* Maps the frame at `address` of the address space in slot `pd`; `rights` out of R4_READ, R4_WRITE, R4_EXEC. */
static inline enum r4_error r4_frame_map(uint32_t slot, uint32_t pd, uint64_t address, uint32_t rights) {
    return r4_syscall(r4_own(slot), R4_OP_FRAME_MAP, r4_own(pd), address, rights, 0).error;
}

/* Maps the 4 KiB frame as a proxy page: page `window_page` of the window of `pd`. The frame has no other capability. */
static inline enum r4_error r4_frame_map_proxies(uint32_t slot, uint32_t pd, uint32_t window_page) {
    return r4_syscall(r4_own(slot), R4_OP_FRAME_MAP_PROXIES, r4_own(pd), window_page, 0, 0).error;
}

static inline enum r4_error r4_frame_unmap(uint32_t slot) {
    return r4_syscall(r4_own(slot), R4_OP_FRAME_UNMAP, 0, 0, 0, 0).error;
}

#endif
