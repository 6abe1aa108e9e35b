/* SPDX-License-Identifier: MIT
 *
 * The console has one owner: the cluster that the layout names; after that has panicked and said its last words, the
 * next live one in number order. The owner writes to the device; every other cluster puts its lines into the log of its
 * own header page and rings the owner, which prints them line by line. So lines never interleave, no lock is shared,
 * and what a dead cluster has logged is still printed. The owner's header holds how far each log has been printed; its
 * successor continues there.
 */
#ifndef R4_KERNEL_CONSOLE_H
#define R4_KERNEL_CONSOLE_H

#include <r4/types.h>

#define CONSOLE_TURN 128U /* bytes of a log that are printed at a time, to the end of a line */

/* For how long a full log makes a program try again, and a dying cluster wait, before a line is dropped. */
#define CONSOLE_WAIT_MS 200U

/* Writes one line of `length` bytes without newline, at most R4_LOG_BYTES / 2. Under the cluster lock, so it never
 * waits for the owner: if the log has no room, the line is dropped, and a later one says how many were. */
void console_line(const char *line, size_t length);

/* The same in a panic: waits for room, CONSOLE_WAIT_MS at most. */
void console_last_words(const char *line, size_t length);

/* True if lines of `bytes` in all, each with its newline, can be written now without being dropped. Only others than
 * this cluster's lines make more room meanwhile. */
bool console_has_room(size_t bytes);

/* At boot, and whenever the owner may be another one: takes the console over if this cluster is the owner. Under the
 * cluster lock, or in a panic. */
void console_start(void);

/* True if this cluster has taken the console over. */
bool console_is_taken(void);

/* A bit for each cluster: all logs. */
uint64_t console_all(void);

/* The owner prints what clusters have logged, those in `rang` (a bit for each) and those that had more to print:
 * CONSOLE_TURN bytes of each log, to the end of a line; true if there is more to print. Does nothing in any other
 * cluster. Under the cluster lock, or in a panic. */
bool console_poll(uint64_t rang);

/* A peer has died, maybe the owner: takes the console over if this cluster is the next owner, else rings the owner that
 * there is now, unless it has printed all of this cluster's log. Under the cluster lock. */
void console_peer_died(void);

/* True for the owner; if no cluster is alive, for every cluster. */
bool console_is_own(void);

#endif
