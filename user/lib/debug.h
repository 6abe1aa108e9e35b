/* SPDX-License-Identifier: MIT
 *
 * The Debug capability: console, milestones, counters, the end.
 */
#ifndef R4_USER_DEBUG_H
#define R4_USER_DEBUG_H

#include "lib/address.h"
#include <r4/string.h>

/* The program's own. */
static inline r4_cap_t r4_debug(void) { return r4_own(r4_info()->slot_debug); }

/* `count` bytes (1..R4_DEBUG_WRITE_MAX, else R4_ERR_ARGUMENT); a line appears once its newline is written. R4_ERR_FULL:
 * nothing is written, the log has no room; try again. */
static inline enum r4_error r4_debug_write(r4_cap_t cap, const char *text, size_t count) {
    uint64_t words[R4_DEBUG_WRITE_MAX / sizeof(uint64_t)] = {0};
    if (count > sizeof(words)) {
        return R4_ERR_ARGUMENT;
    }
    memcpy(words, text, count);
    return r4_syscall(cap, R4_OP_DEBUG_WRITE, count, words[0], words[1], words[2]).error;
}

/* Sets the milestone of the caller's cluster, a number that only grows, and wakes everybody who waits for it. */
static inline enum r4_error r4_debug_milestone(r4_cap_t cap, uint64_t milestone) {
    return r4_syscall(cap, R4_OP_DEBUG_MILESTONE, milestone, 0, 0, 0).error;
}

/* Sleeps until the milestone of another cluster is `milestone` or more (value: what it is), or until that cluster is
 * down: R4_ERR_CLUSTER_DOWN. */
static inline struct r4_result r4_debug_wait(r4_cap_t cap, uint32_t cluster, uint64_t milestone) {
    return r4_syscall(cap, R4_OP_DEBUG_WAIT, cluster, milestone, 0, 0);
}

/* The value is the counter. */
static inline struct r4_result r4_debug_stat(r4_cap_t cap, enum r4_stat stat) {
    return r4_syscall(cap, R4_OP_DEBUG_STAT, stat, 0, 0, 0);
}

/* Ends this cluster's program; `code` is 0 for success. Returns only if it is refused. */
static inline enum r4_error r4_debug_exit(r4_cap_t cap, uint32_t code) {
    return r4_syscall(cap, R4_OP_DEBUG_EXIT, code, 0, 0, 0).error;
}

#endif
