/* SPDX-License-Identifier: MIT
 *
 * Figures of capabilities of any type: refuse, copy, delete, move, revoke.
 */
#ifndef R4_BENCH_CAPS_H
#define R4_BENCH_CAPS_H

#include <r4/types.h>

/* Measures and prints cap.refused, cap.copy, cap.delete, cap.move and cap.revoke.*. Between copies_begin() and
 * copies_end(). */
void caps_measure(void);

/* cap.delete, cap.revoke.none and cap.revoke.512 once more, under these names with `suffix`. Between the same two. */
void caps_measure_again(const char *suffix);

/* What a delete, or a revoke, of the capability in `slot` takes. */
int64_t caps_delete_ticks(uint32_t slot);
int64_t caps_revoke_ticks(uint32_t slot);

#endif
