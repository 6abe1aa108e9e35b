/* SPDX-License-Identifier: MIT
 *
 * PROGRAM=fuzz: random system calls from several threads on several cores, with hostile bytes in their proxy pages.
 * `seed=N` and `count=N` (calls of each cluster) on the command line.
 */
#ifndef R4_FUZZ_FUZZ_H
#define R4_FUZZ_FUZZ_H

#include <r4/types.h>

uint32_t fuzz_run(void);

#endif
