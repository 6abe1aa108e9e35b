/* SPDX-License-Identifier: MIT
 *
 * Figures of mappings in the program's address space.
 */
#ifndef R4_BENCH_MAPPING_H
#define R4_BENCH_MAPPING_H

/* Measures and prints frame.* and cap.*.mapped. Between copies_begin() and copies_end(). */
void mapping_measure(void);

#endif
