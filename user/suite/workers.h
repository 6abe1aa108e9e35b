/* SPDX-License-Identifier: MIT
 *
 * The workers: a thread of this program on each of the cluster's other cores, for the cases in which cores
 * race. They are stopped while they have nothing to do.
 */
#ifndef R4_SUITE_WORKERS_H
#define R4_SUITE_WORKERS_H

#include <r4/types.h>

#define WORKERS_MAX 3U

/* Makes them; once. */
void workers_begin(void);

/* How many there are: one less than cores, WORKERS_MAX at most. */
uint32_t workers_size(void);

/* Lets all of them begin at entry(number), number from 1 on. It never returns: at its end it calls workers_end(). */
void workers_start(void (*entry)(uint64_t number));

/* By worker `number`: its work is done. */
_Noreturn void workers_end(uint64_t number);

/* Waits until all have ended; if that takes very long, the program ends. */
void workers_wait(void);

#endif
