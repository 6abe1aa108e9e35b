/* SPDX-License-Identifier: MIT
 *
 * The names of address spaces: none is given twice, and who has none does nothing.
 */
#ifndef R4_SIM_NAMES_H
#define R4_SIM_NAMES_H

#include "cap_scan.h"

/* Before the cluster's first thread does anything: most asids have been used often, some for the last time but one. */
void names_age(struct instance *instance);

/* An address space has been given this name. */
void names_given(const struct instance *instance, uint32_t name);

/* All names in use and who uses them. */
void names_check(const struct cap_scan *cap_scan);

#endif
