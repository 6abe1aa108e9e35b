/* SPDX-License-Identifier: MIT
 *
 * From a cap address to the slot that it names. For now asid 0 only: the caller's own window, kernel caps only.
 */
#ifndef R4_CORE_RESOLVE_H
#define R4_CORE_RESOLVE_H

#include "window.h"

struct resolved {
    struct r4_slot *slot; /* null with any error */
    enum r4_error error;
};

/* Errors: R4_ERR_FOREIGN_CLUSTER, R4_ERR_ASID, R4_ERR_ADDRESS (no cap page there), R4_ERR_EMPTY, R4_ERR_BUSY. A busy
 * slot is returned with its error, for revoke, which joins. */
static inline struct resolved resolve(uintptr_t direct, const phys_t *directories, uint32_t own_cluster, uint64_t cap) {
    if (cap >> 26 != own_cluster) {
        return (struct resolved){NULL, r4_cap_cluster_get(cap) != own_cluster ? R4_ERR_FOREIGN_CLUSTER : R4_ERR_ASID};
    }
    struct r4_slot *slot = window_slot(direct, directories, r4_cap_index_get(cap));
    if (slot == NULL) {
        return (struct resolved){NULL, R4_ERR_ADDRESS};
    }
    if (slot_type(slot) == R4_CAP_EMPTY) {
        return (struct resolved){NULL, R4_ERR_EMPTY};
    }
    bool busy = (slot_flags(slot) & (R4_FLAG_BUSY | R4_FLAG_MAKING)) != 0;
    return (struct resolved){slot, busy ? R4_ERR_BUSY : R4_OK};
}

#endif
