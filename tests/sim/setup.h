/* SPDX-License-Identifier: MIT
 *
 * Calls that build something: what an address space or a thread still needs to be of use. Random calls alone seldom get
 * that far.
 */
#ifndef R4_SIM_SETUP_H
#define R4_SIM_SETUP_H

#include "chooser.h"

/* The next call on the way to an address space with a name, a window, cap pages and proxy pages. */
void setup_space(struct chooser *chooser);

/* The next call on the way to a thread that runs. */
void setup_thread(struct chooser *chooser);

/* A retype whose arguments fit the untyped that was chosen, but for a few. */
void setup_retype(struct chooser *chooser, enum r4_cap_type type, uint64_t log2, uint64_t count);

/* A core of the cluster (an idle one, if there is any) and a priority: r4_schedule_*. */
uint64_t setup_place(const struct chooser *chooser);

/* The highest level of page table that an address space lacks on the way to an address. */
uint64_t setup_level(const struct chooser *chooser, const struct pd *pd, uint64_t address);

#endif
