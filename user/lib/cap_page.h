/* SPDX-License-Identifier: MIT
 *
 * Cap pages: R4_SLOTS_PER_PAGE slots each, the first of which is the page's header.
 */
#ifndef R4_USER_CAP_PAGE_H
#define R4_USER_CAP_PAGE_H

#include "lib/address.h"

/* The page becomes the slots window_page * R4_SLOTS_PER_PAGE and following of the window of `pd`. */
static inline enum r4_error r4_cap_page_map(r4_cap_t cap, r4_cap_t pd, uint32_t window_page) {
    return r4_syscall(cap, R4_OP_CAP_PAGE_MAP, pd, window_page, 0, 0).error;
}

static inline enum r4_error r4_cap_page_unmap(r4_cap_t cap) {
    return r4_syscall(cap, R4_OP_CAP_PAGE_UNMAP, 0, 0, 0, 0).error;
}

#endif
