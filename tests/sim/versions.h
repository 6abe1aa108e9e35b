/* SPDX-License-Identifier: MIT
 *
 * What programs could see in their windows: at one index of one window a version never comes back with another
 * capability.
 */
#ifndef R4_SIM_VERSIONS_H
#define R4_SIM_VERSIONS_H

#include "cap_scan.h"

/* Holds every window of the cluster against what it was at the audit before, and remembers it. */
void versions_check(const struct cap_scan *cap_scan);

#endif
