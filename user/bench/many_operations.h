/* SPDX-License-Identifier: MIT
 *
 * Many operations under way at the same time: each slot that is emptied is compared with the positions of all of them.
 */
#ifndef R4_BENCH_MANY_OPERATIONS_H
#define R4_BENCH_MANY_OPERATIONS_H

/* Lets threads begin the largest retypes of frames, then revokes copies before these have ended. Prints how many
 * retypes were under way: with slices of the usual length none, since each ends in its first slice. */
void many_operations_run(void);

#endif
