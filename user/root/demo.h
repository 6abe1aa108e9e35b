/* SPDX-License-Identifier: MIT
 *
 * The demonstration. Cluster 0 hands 2 MiB to every other cluster; each makes threads, mapped frames and copies of it
 * and lets them run; cluster 0 revokes all that while it runs, and shows that the memory is its own again. With one
 * cluster the same revoke is local.
 */
#ifndef R4_ROOT_DEMO_H
#define R4_ROOT_DEMO_H

#include <r4/types.h>

/* Runs this cluster's part; returns its exit code. */
uint32_t demo_run(void);

#endif
