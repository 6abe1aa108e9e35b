/* SPDX-License-Identifier: MIT
 *
 * Figures of untyped memory: objects are made of it, and taken away again.
 */
#ifndef R4_BENCH_UNTYPED_H
#define R4_BENCH_UNTYPED_H

/* Measures and prints untyped.* and object.destroy. */
void untyped_measure(void);

#endif
