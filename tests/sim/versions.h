/* SPDX-License-Identifier: MIT
 *
 * What programs see in their windows: at one index of one window, a version is never used for two capabilities.
 */
#ifndef R4_SIM_VERSIONS_H
#define R4_SIM_VERSIONS_H

#include "cap_scan.h"

/* Compares every window of the cluster with what it was at the last audit, and remembers it. */
void versions_check(const struct cap_scan *scan);

#endif
