/* SPDX-License-Identifier: MIT
 *
 * The names of address spaces: none is given twice, and an address space without one has no mappings and no threads.
 */
#ifndef R4_SIM_NAMES_H
#define R4_SIM_NAMES_H

#include "cap_scan.h"

/* Makes most asids appear much used, some for the last time but one. Called before the cluster's first thread does
 * anything. */
void names_age(struct instance *instance);

/* Notes that an address space has been given this name. */
void names_given(const struct instance *instance, uint32_t name);

/* Checks all names in use, and the address spaces and threads that use them. */
void names_check(const struct cap_scan *scan);

#endif
