/* SPDX-License-Identifier: MIT
 *
 * Cores that race: the main thread and the workers. Either all do the same thing in each of many rounds, which begin
 * for all at the same time; or the workers go on doing something until they are told to stop, while the main thread
 * does another thing.
 *
 *   race_begin_rounds(workers);                    race_begin_loop(workers);
 *   while (race_another()) {                       while (race_another()) {
 *       race_round_begin();                            whatever;
 *       turn(0);                                   }
 *       race_round_end();                          race_end_loop();
 *   }
 *   race_end_rounds();
 *
 * turn(number) is what each does, the main thread being number 0, and tells how it went; RACE_WORKER(workers, turn)
 * makes the entry of the workers. How many rounds there are depends on the time that they take: with fewer processors
 * than cores an emulator makes whoever has the lock wait.
 */
#ifndef R4_SUITE_RACE_H
#define R4_SUITE_RACE_H

#include <r4/types.h>

void race_begin_rounds(void (*entry)(uint64_t number));
void race_begin_loop(void (*entry)(uint64_t number));

/* The entry of workers that do turn(number) again and again. */
#define RACE_WORKER(entry, turn)                                                                                       \
    static _Noreturn void entry(uint64_t number) {                                                                     \
        for (;;) {                                                                                                     \
            race_next(number);                                                                                         \
            turn((uint32_t)number);                                                                                    \
        }                                                                                                              \
    }

/* By worker `number`: waits for its next turn. Ends the worker if there is none. */
void race_next(uint64_t number);

/* True once for each round: as long as there is time. */
bool race_another(void);

/* The same, but if not `met` it goes on for some seconds more. */
bool race_another_until(bool met);

/* One round of all: begins for the workers, race_won() at 0 again; ends when they have had their turn. */
void race_round_begin(void);
void race_round_end(void);

void race_end_rounds(void);
void race_end_loop(void);

/* By a turn: it has `won`: succeeded; or `lost`: was refused with an error that may happen; else something is wrong. */
void race_tell(bool won, bool lost);

/* How many turns have won, and how many were wrong. */
uint32_t race_won(void);
uint32_t race_wrong(void);

/* In a loop: waits for so many more turns. They are as fast as the host lets them be. */
void race_wait_turns(uint32_t more);

#endif
