/* SPDX-License-Identifier: MIT
 *
 * The crew: a thread of the own address space on each of the cluster's other cores, for the cases in which cores race.
 * They are stopped while they have nothing to do.
 */
#ifndef R4_SUITE_CREW_H
#define R4_SUITE_CREW_H

#include <r4/types.h>

#define CREW_MAX 3U

/* Makes them; once. */
void crew_begin(void);

/* How many there are: one less than cores, CREW_MAX at most. */
uint32_t crew_size(void);

/* Lets `count` of them run function(number), number from 1 on. */
void crew_start(uint32_t count, void (*function)(uint32_t number));

/* Waits until all have ended; if that takes very long, the program ends. */
void crew_wait(void);

#endif
