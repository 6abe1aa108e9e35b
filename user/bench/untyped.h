/* SPDX-License-Identifier: MIT
 *
 * Figures of untyped memory: objects are made of it, and taken away again.
 */
#ifndef R4_BENCH_UNTYPED_H
#define R4_BENCH_UNTYPED_H

/* Measures and prints untyped.retype.*, object.destroy and untyped.revoke.frames. */
void untyped_measure(void);

#endif
