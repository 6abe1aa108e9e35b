/* SPDX-License-Identifier: MIT
 *
 * The root task: its objects and capabilities, made at boot from the root block. After this the kernel allocates
 * nothing by itself.
 */
#ifndef R4_KERNEL_ROOT_H
#define R4_KERNEL_ROOT_H

#include <r4/types.h>

#define ROOT_PRIORITY  100U /* of the root task's first thread */
#define ROOT_CAP_PAGES 4U   /* window pages that it starts with */

/* Takes `size` bytes (rounded up to whole pages) from the root block, aligned, zeroed; its direct-map address. Panics
 * if it is used up. */
void *root_memory(size_t size, uint64_t alignment);

/* Makes the root task and lets it run. The last user of the root block: what is left of it becomes untyped. */
void root_start(void);

#endif
