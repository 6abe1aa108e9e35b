/* SPDX-License-Identifier: MIT
 *
 * Choices that build: what an address space or a thread still lacks to do something. Random calls alone seldom get that
 * far.
 */
#ifndef R4_SIM_SETUP_H
#define R4_SIM_SETUP_H

#include "chooser.h"

/* The next call on the way to an address space with a name, a window, cap pages and proxy pages. */
void setup_space(struct chooser *chooser);

/* The next call on the way to a thread that runs. */
void setup_thread(struct chooser *chooser);

/* A retype with arguments that fit, as far as the choice of the untyped allows. */
void setup_retype(struct chooser *chooser, enum r4_cap_type type, uint64_t log2, uint64_t count);

/* A core of the cluster, one that does nothing if there is any; and a priority. */
uint64_t setup_place(const struct chooser *chooser);

/* The highest level of tables that is missing in an address space on the way to an address. */
uint64_t setup_level(const struct chooser *chooser, const struct pd *pd, uint64_t address);

#endif
