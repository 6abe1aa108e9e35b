/* SPDX-License-Identifier: MIT
 *
 * Cap addresses: what names a capability in a call. Its fields are r4_cap_index and the following of <r4/abi.h>.
 */
#ifndef R4_USER_ADDRESS_H
#define R4_USER_ADDRESS_H

#include "lib/info.h"
#include "lib/x86/syscall.h"

typedef uint64_t r4_cap_t;

/* Slot `index` of the caller's window. */
static inline r4_cap_t r4_own(uint32_t index) { return r4_cap_cluster_set(index, r4_info()->cluster); }

/* Slot `index` of the window of the address space `name` (r4_name): usable if a proxy for the caller is there. */
static inline r4_cap_t r4_in(uint32_t name, uint32_t index) { return r4_cap_name_set(r4_own(index), name); }

/* Checks a word that came from another address space; the value is the word, if it is the address of something in the
 * window of that space. `sender` is the name of the space as the kernel gives it, not as the message says. R4_ERR_ASID:
 * the word names another window, or no window and so the receiver's own; R4_ERR_FOREIGN_CLUSTER: another cluster.
 * Without this check a program that passes such a word on to the kernel lends its own authority to the sender. */
static inline struct r4_result cap_from(uint32_t sender, uint64_t word) {
    if (sender == 0 || r4_cap_name_get(word) != sender) {
        return (struct r4_result){R4_ERR_ASID, 0};
    }
    if (r4_cap_cluster_get(word) != r4_info()->cluster) {
        return (struct r4_result){R4_ERR_FOREIGN_CLUSTER, 0};
    }
    return (struct r4_result){R4_OK, word};
}

#endif
