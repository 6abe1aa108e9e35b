/* SPDX-License-Identifier: MIT
 *
 * Prints what a cluster has got: one line, or, with `verbose` on the command line, one fact per line.
 */
#ifndef R4_BOOT_REPORT_H
#define R4_BOOT_REPORT_H

#include "boot.h"

/* Needs kernel_create(). */
void report_cluster(const struct boot *boot, const struct cluster *cluster);

/* Prints what the kernels take of the memory, in one line. Needs memory_place(). */
void report_overhead(const struct boot *boot);

#endif
