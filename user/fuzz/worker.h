/* SPDX-License-Identifier: MIT
 *
 * The fuzzer's threads: those that call the kernel, and those that write proxies meanwhile.
 */
#ifndef R4_FUZZ_WORKER_H
#define R4_FUZZ_WORKER_H

#include "fuzz/arena.h"

/* Where a thread begins: the arena's entry. */
_Noreturn void worker_main(uint64_t argument);

/* Forgets what the threads have done; their streams follow from `seed`. */
void worker_reset(uint64_t seed);

/* True if the thread has done a share and has nothing more to do. */
bool worker_rests(uint32_t index);

/* What a thread has done so far. */
struct worker_counts {
    _Atomic uint64_t calls;     /* this and the next are also read while the thread runs: relaxed, just to watch it */
    _Atomic uint64_t proxies;   /* written */
    uint64_t made[R4_OP_COUNT]; /* of the calls: by operation */
    uint64_t succeeded[R4_OP_COUNT]; /* of these */
};
const struct worker_counts *worker_counts(uint32_t index);

#endif
