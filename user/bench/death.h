/* SPDX-License-Identifier: MIT
 *
 * Figures of the end of objects that need more than an empty slot: threads, PDs, cap pages; and what a dying cap page
 * costs a revoke that has nothing to do with it.
 */
#ifndef R4_BENCH_DEATH_H
#define R4_BENCH_DEATH_H

/* Measures and prints thread.delete, pd.delete and cap_page.delete*. Between copies_begin() and copies_end(), with the
 * copies' cap pages the last ones of the window. */
void death_measure(void);

/* Measures and prints cap.revoke.64.behind.*. For a cluster of one core (preempted.h). Ends with memory_reset(). */
void death_behind_measure(void);

#endif
