/* SPDX-License-Identifier: MIT
 *
 * Cores that race: the own thread and the workers. Either all do the same thing in each of many rounds, which begin for
 * all at the same time; or the workers goes on doing something until it is told to stop, while the own thread does
 * another.
 *
 *   race_begin_rounds(turn);                       race_begin_loop(turn);
 *   while (race_another()) {                       while (race_another()) {
 *       race_round();                                  whatever;
 *   }                                              }
 *   race_end_rounds();                             race_end_loop();
 *
 * turn(number) is what each does, the own thread being number 0, and tells how it went. How many rounds there are
 * depends on the time that they take: with fewer processors than cores an emulator makes whoever has the lock wait.
 */
#ifndef R4_SUITE_RACE_H
#define R4_SUITE_RACE_H

#include <r4/types.h>

void race_begin_rounds(void (*turn)(uint32_t number));
void race_begin_loop(void (*turn)(uint32_t number));

/* True once for each round that is to be: as long as there is time. */
bool race_another(void);

/* The same, and for longer until `met`, within reason. */
bool race_another_until(bool met);

/* One round of all; race_won() begins anew. */
void race_round(void);

void race_end_rounds(void);
void race_end_loop(void);

/* By a turn: it has succeeded; or it was refused as it may be; else something is wrong. */
void race_tell(bool won, bool lost);

/* How many turns have said so. */
uint32_t race_won(void);
uint32_t race_wrong(void);

/* In a loop: waits for as many turns more. They are as fast as the host lets them. */
void race_wait_turns(uint32_t more);

#endif
