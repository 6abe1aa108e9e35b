/* SPDX-License-Identifier: MIT
 *
 * Many operations under way at the same time: each slot that goes is compared with the positions of all of them.
 */
#ifndef R4_BENCH_MANY_OPERATIONS_H
#define R4_BENCH_MANY_OPERATIONS_H

/* Lets threads begin retypes of as many frames as one makes, then revokes copies in the midst of them. Says how many
 * retypes were under way: with slices as long as usual none, since each ends in its first. */
void many_operations_run(void);

#endif
