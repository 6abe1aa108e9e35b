/* SPDX-License-Identifier: MIT
 *
 * The Debug capability: console, marks, counters, the end.
 */
#ifndef R4_USER_DEBUG_H
#define R4_USER_DEBUG_H

#include "lib/info.h"
#include "lib/x86/syscall.h"
#include <r4/string.h>

#define R4_DEBUG_WRITE_MAX 24U /* bytes in one call */

/* `count` bytes (1..R4_DEBUG_WRITE_MAX); a line appears once its newline is written. */
static inline enum r4_error r4_debug_write(const char *text, size_t count) {
    uint64_t words[R4_DEBUG_WRITE_MAX / sizeof(uint64_t)] = {0};
    memcpy(words, text, count);
    return r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_DEBUG_WRITE, count, words[0], words[1], words[2]).error;
}

/* Sets the own mark, which only grows, and wakes who waits for it. */
static inline void r4_debug_mark(uint64_t mark) {
    r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_DEBUG_MARK, mark, 0, 0, 0);
}

/* Sleeps until the mark of another cluster is `mark` or more (value: what it is), or that cluster is down:
 * R4_ERR_CLUSTER_DOWN. */
static inline struct r4_result r4_debug_wait(uint32_t cluster, uint64_t mark) {
    return r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_DEBUG_WAIT, cluster, mark, 0, 0);
}

static inline uint64_t r4_debug_stat(enum r4_stat stat) {
    return r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_DEBUG_STAT, stat, 0, 0, 0).value;
}

/* This cluster is finished; `code` is 0 for success. */
static inline _Noreturn void r4_debug_exit(uint32_t code) {
    for (;;) {
        r4_syscall(r4_own(r4_info()->slot_debug), R4_OP_DEBUG_EXIT, code, 0, 0, 0);
    }
}

#endif
