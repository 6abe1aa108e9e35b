/* SPDX-License-Identifier: MIT
 *
 * The cases of the benchmark by families, of which the command line chooses (cases=NAME,NAME or cases=all).
 */
#ifndef R4_BENCH_CASES_H
#define R4_BENCH_CASES_H

#include <r4/types.h>

/* True if the command line chooses cases at all: else today's figures are printed, and no other. */
bool cases_are_chosen(void);

/* Runs this cluster's part of the chosen cases, all of which that fit this machine. */
void cases_run(void);

#endif
