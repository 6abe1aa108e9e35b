/* SPDX-License-Identifier: MIT
 *
 * The second half of a retype: the slots are filled and in their list (commit), but their objects are not yet zeroed
 * and not usable (R4_FLAG_CREATING). Preemptible. The caller holds the cluster lock; the root task's objects are
 * created at boot.
 */
#ifndef R4_KERNEL_CREATE_H
#define R4_KERNEL_CREATE_H

#include "object/thread.h"

#define CREATE_CHUNK 4096U /* bytes zeroed between two preemption points, at most */

/* Zeroes and initialises the objects of a CREATE operation, one after the other. FINISHED or PAUSED. */
enum operation_progress create_run(struct core *core, struct operation *operation);

/* Gives a zeroed object its first state; also used at boot. Frames, page tables and notifications only need to be
 * zero. */
void create_object(struct r4_slot *slot);
static inline bool create_is_zeroing(enum r4_cap_type type) {
    return type == R4_CAP_FRAME || type == R4_CAP_PAGE_TABLE || type == R4_CAP_NOTIFICATION;
}

#endif
