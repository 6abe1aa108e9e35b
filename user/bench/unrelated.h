/* SPDX-License-Identifier: MIT
 *
 * Capabilities that have nothing to do with what is measured. They are copies of one frame's, in cap pages of their
 * own, which are in no window.
 */
#ifndef R4_BENCH_UNRELATED_H
#define R4_BENCH_UNRELATED_H

#include <r4/types.h>

/* Makes `count` of them. memory_reset() takes them away. */
void unrelated_make(uint32_t count);

#endif
