/* SPDX-License-Identifier: MIT
 *
 * The state of the whole machine as a list of the cache lines that differ from the first state, and its hash. Memory
 * that kernels write is write-protected until it is written for the first time; only such pages are looked at. So no
 * change is missed. Which blocks are present in which direct map is a byte for each block.
 */
#ifndef R4_EXPLORE_STATE_H
#define R4_EXPLORE_STATE_H

#include "sim.h"
#include <stddef.h>

struct state { /* followed by the lines' numbers, then by their content */
    uint32_t lines;
};

struct state_hash {
    uint64_t low;
    uint64_t high;
};

/* Memory that belongs to the state: watched from the first write on, or always. */
void state_watch(void *memory, size_t size);
void state_include(void *memory, size_t size);

/* The present state becomes the first one: all that is included has its present content. */
void state_begin(void);

/* A write to `address` has faulted: true if it is watched memory, which may now be written. */
bool state_written(uintptr_t address);

/* Takes the present state; valid until the next call. A copy can be restored any time. */
const struct state *state_take(struct state_hash *hash);
struct state *state_copy(const struct state *state);
void state_restore(const struct state *state);
size_t state_size(const struct state *state);

/* That memory has its first content again. */
void state_forget(const void *memory, size_t size);

#endif
