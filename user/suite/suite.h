/* SPDX-License-Identifier: MIT
 *
 * The suite: cases of user programs against the kernel, as TAP on the console. Each cluster runs them for itself and
 * has its own plan. A case that needs more cores or clusters than the machine has is not in it.
 */
#ifndef R4_SUITE_SUITE_H
#define R4_SUITE_SUITE_H

#include <r4/types.h>

/* Runs this cluster's cases; returns its exit code: 1 if one of them has failed, R4_ERR_ARGUMENT if `theme=` names
 * none. */
uint32_t suite_run(void);

#endif
