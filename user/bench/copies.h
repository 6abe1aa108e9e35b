/* SPDX-License-Identifier: MIT
 *
 * Thousands of copies of one capability: what a revoke has to remove. Makes the cap pages that they need.
 */
#ifndef R4_BENCH_COPIES_H
#define R4_BENCH_COPIES_H

#include <r4/types.h>

#define COPIES_MAX 4096U

/* Makes a frame, whose capability is the source, and room for COPIES_MAX copies. Not again before copies_end(). */
void copies_begin(void);

/* Takes all of that away again. */
void copies_end(void);

uint32_t copies_source(void);

/* The slot of copy number `number`. */
uint32_t copies_slot(uint32_t number);

/* Makes the first `count` (up to COPIES_MAX) copies: children of the source. */
void copies_make(uint32_t count);

/* Makes copies number `first` to `first + count - 1` of the frame capability in slot `parent` instead. */
void copies_make_of(uint32_t parent, uint32_t first, uint32_t count);

#endif
