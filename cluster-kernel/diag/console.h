/* SPDX-License-Identifier: MIT
 *
 * The console has one owner: the cluster that the layout names; after that has panicked and said its last words, the
 * next live one in number order. Every cluster puts its lines into the log of its own header page, and rings the owner,
 * which alone writes to the device, line by line. So lines never interleave, no lock is shared, and what a dead cluster
 * has logged is still printed. The owner's header holds how far each log has been printed; its successor continues
 * there. Nobody waits for the device, but a panic and the end of a run.
 */
#ifndef R4_KERNEL_CONSOLE_H
#define R4_KERNEL_CONSOLE_H

#include <r4/types.h>

#define CONSOLE_STEP 32U  /* bytes that are printed at a time */
#define CONSOLE_TURN 128U /* bytes of a log before it is another's turn, to the end of a line */

#define CONSOLE_LOOK_MS  1U      /* how soon the owner looks again at a device that took nothing */
#define CONSOLE_PATIENCE 100000U /* looks at the device before the end of a run stops waiting for it */

/* For how long a full log makes a program try again, and a dying cluster wait, before a line is dropped. */
#define CONSOLE_WAIT_MS 200U

/* Writes one line of `length` bytes without newline, at most R4_LOG_BYTES / 2. Under the cluster lock, so it never
 * waits, for the owner or for the device: if the log has no room, the line is dropped, and a later one says how many
 * were. */
void console_line(const char *line, size_t length);

/* The same in a panic, or as the last line of a run. The owner waits until the device has it; others wait for room in
 * their log, CONSOLE_WAIT_MS at most. */
void console_last_words(const char *line, size_t length);

/* True if lines of `bytes` in all, each with its newline, can be written now without being dropped. If not, the owner
 * prints something, so that it may be so later. */
bool console_has_room(size_t bytes);

/* At boot, and whenever the owner may be another one: takes the console over if this cluster is the owner. Under the
 * cluster lock, or in a panic. */
void console_start(void);

/* True if this cluster has taken the console over. */
bool console_is_taken(void);

/* A bit for each cluster: all logs. */
uint64_t console_all(void);

/* The owner prints what clusters have logged, those in `rang` (a bit for each) and those that had more to print: what
 * the device takes at once, CONSOLE_STEP bytes at most. True if the device might take more; if it takes nothing,
 * core->console_due says when to look again. Does nothing in any other cluster. Under the cluster lock. */
bool console_poll(uint64_t rang);

/* At the end of a run: the owner prints all logs, and waits for the device. */
void console_finish(void);

/* A peer has died, maybe the owner: takes the console over if this cluster is the next owner, else rings the owner that
 * there is now, unless it has printed all of this cluster's log. Under the cluster lock. */
void console_peer_died(void);

/* True for the owner; if no cluster is alive, for every cluster. */
bool console_is_own(void);

#endif
