/* SPDX-License-Identifier: MIT
 *
 * What a root task that faults looks like: the last cluster's writes where nothing is mapped, and so never ends.
 */
#ifndef R4_ROOT_FAULT_H
#define R4_ROOT_FAULT_H

#include <r4/types.h>

/* Returns this cluster's exit code, except in the last cluster. */
uint32_t fault_run(void);

#endif
