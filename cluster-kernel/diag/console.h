/* SPDX-License-Identifier: MIT
 *
 * The console has one owner: the cluster that the layout names, and when that has panicked the next live one in number
 * order. The owner writes to the device; every other cluster puts its lines into the log of its own header page and
 * rings the owner, which prints them line by line. So lines never interleave, no lock is shared, and what a dead
 * cluster had logged is still printed. How far each log has been printed stands in the owner's header: its successor
 * goes on from there.
 */
#ifndef R4_KERNEL_CONSOLE_H
#define R4_KERNEL_CONSOLE_H

#include <r4/types.h>

#define CONSOLE_TURN 128U /* bytes of a log that are printed at a time, to the end of a line */
#define CONSOLE_WAIT_MS                                                                                                \
    200U /* that a line may wait for room in a full log before it is dropped; a later line says how many were */

/* Writes one line, `length` bytes without newline, R4_LOG_BYTES / 2 at most; waits for room for `wait_ms` at most.
 * Under the cluster lock, or in a panic. */
void console_line(const char *line, size_t length, uint32_t wait_ms);

/* The owner prints what the other clusters have logged, CONSOLE_TURN bytes of each or a little more; true if there is
 * more to print. For everybody else nothing. */
bool console_poll(void);

/* True for the owner; when no cluster is alive, for whoever asks. */
bool console_is_own(void);

#endif
