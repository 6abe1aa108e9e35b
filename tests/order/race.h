/* SPDX-License-Identifier: MIT
 *
 * A proxy that its owner rewrites while kernels read it and use it up: the shipped functions of both sides, in a small
 * world, for threads (tests/host/proxy_threads.h) and for the search of all interleavings (search.cpp), which is C++.
 */
#ifndef R4_TESTS_RACE_H
#define R4_TESTS_RACE_H

#define RACE_WORDS    4
#define RACE_MEANINGS 4    /* that the proxy can have */
#define RACE_NOTHING  (-1) /* it is empty, or is being written to */
#define RACE_MIXTURE  (-2) /* of several meanings: must never be seen */

/* The proxy's words. It is empty at first. `flags` are those of every meaning from now on. */
unsigned long *race_start(unsigned flags);

/* Owner: the library's functions, and a writing that is stopped half way. */
void race_write(int meaning);
void race_clear(void);
void race_write_half(int meaning);

/* Wrong ways to write: without clearing first; with word 0 not last; with relaxed stores; with the serial that was
 * there. */
void race_write_uncleared(int meaning);
void race_write_early(int meaning);
void race_write_relaxed(int meaning);
void race_write_unchanged(int meaning);

/* Kernel: walks through the proxy, and says what it meant. */
int race_walk(void);

/* Kernel: walks, and uses up the single-use proxy. Says what it meant, and with which serial; or RACE_NOTHING if it was
 * used or changed meanwhile. */
int race_use(unsigned *serial);

#endif
