/* SPDX-License-Identifier: MIT
 *
 * What the program of a cluster does with its capabilities; each ends the process if it is refused.
 */
#ifndef R4_NATIVE_PROGRAM_H
#define R4_NATIVE_PROGRAM_H

#include "native.h"

/* `index` slots into the program's own part of the window; below it is what the kernel gave it. A cap page of them. */
uint64_t program_slot(const struct native_core *core, uint32_t index);

/* Makes one object of the largest untyped, at that offset, in that slot. Offsets have to ascend. */
void program_create(struct native_core *core, enum r4_cap_type type, uint32_t size_log2, uint64_t offset,
                    uint64_t slot);

/* Makes `count` 4 KiB frames of an untyped, in that slot and those after it. */
void program_frames(struct native_core *core, uint64_t untyped, uint32_t count, uint64_t slot);

void program_copy(struct native_core *core, uint64_t source, uint64_t slot);
void program_delete(struct native_core *core, uint64_t slot);
void program_revoke(struct native_core *core, uint64_t slot);

void program_post(struct native_core *core, uint32_t peer, uint64_t slot);
void program_handoff(struct native_core *core, uint32_t peer, uint64_t untyped);

/* Says that this cluster has reached that milestone; waits until the other one has. */
void program_milestone(struct native_core *core, uint64_t milestone);
void program_wait(struct native_core *core, uint32_t of, uint64_t milestone);

/* Starts a thread on that core of the cluster, in the caller's address space; it is made at that offset, as above. */
void program_start(struct native_core *core, uint32_t index, uint64_t offset);

#endif
