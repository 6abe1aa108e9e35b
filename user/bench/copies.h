/* SPDX-License-Identifier: MIT
 *
 * Thousands of copies of one capability: what a revoke has to remove. Makes the cap pages that they need.
 */
#ifndef R4_BENCH_COPIES_H
#define R4_BENCH_COPIES_H

#include <r4/types.h>

#define COPIES_MAX 4096U

/* Makes a frame, whose capability is the source, and room for COPIES_MAX copies. Once at a time. */
void copies_begin(void);

/* Takes all that away again. */
void copies_end(void);

uint32_t copies_source(void);

/* The slot of copy number `number`. */
uint32_t copies_slot(uint32_t number);

/* Fills the first `count` of them: children of the source. */
void copies_make(uint32_t count);

#endif
