/* SPDX-License-Identifier: MIT
 *
 * Prints what a cluster has got, one fact per line, for people and for the boot tests.
 */
#ifndef R4_BOOT_REPORT_H
#define R4_BOOT_REPORT_H

#include "boot.h"

/* Needs kernel_create(). */
void report_cluster(const struct boot *boot, const struct cluster *cluster);

#endif
