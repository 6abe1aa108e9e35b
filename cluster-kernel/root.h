/* SPDX-License-Identifier: MIT
 *
 * The root task: its objects and capabilities, created at boot from the root block. After this the kernel allocates
 * nothing by itself. Only main.c calls these functions, on core 0; root_is() is for everybody.
 */
#ifndef R4_KERNEL_ROOT_H
#define R4_KERNEL_ROOT_H

#include <r4/types.h>

struct thread;

#define ROOT_PRIORITY  100U /* of the root task's first thread */
#define ROOT_CAP_PAGES 4U /* window pages that it starts with; more if its image has many frames, or it many untypeds */

/* Takes `size` bytes (rounded up to whole pages) from the root block, aligned to `alignment` bytes, zeroed. Returns
 * their direct-map address. Panics if the root block is used up. */
void *root_memory(size_t size, uint64_t alignment);

/* Creates the root task and makes its thread ready. The last user of the root block: the rest of it becomes untyped. */
void root_start(void);

/* Whether that is the thread in which the root task began. Its memory belongs to no untyped, so no other thread can
 * ever be at its address. */
bool root_is(const struct thread *thread);

#endif
