/* SPDX-License-Identifier: MIT
 *
 * The second half of a retype: the slots are filled and linked (commit), their objects are not yet zeroed and not
 * usable. Preemptible.
 */
#ifndef R4_KERNEL_CREATE_H
#define R4_KERNEL_CREATE_H

#include "object/thread.h"

#define CREATE_CHUNK 4096U /* bytes zeroed between two preemption points, at most */
#define CREATE_NOW   16U   /* objects made by the retype itself, if all are one chunk at most */

/* Zeroes and initialises the objects of a MAKE operation, one after the other. */
enum operation_progress create_run(struct core *core, struct operation *operation);

/* Gives a zeroed object its first state; also used at boot. Frames and page tables are zero and nothing else. */
void create_object(struct r4_slot *slot);

#endif
