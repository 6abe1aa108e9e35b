/* SPDX-License-Identifier: MIT
 *
 * Page kinds in page tables: cap pages and proxy pages are mapped in windows only, a cap page in one window, and the
 * frame of a proxy page has one capability and one mapping.
 */
#ifndef R4_SIM_MAPPING_AUDIT_H
#define R4_SIM_MAPPING_AUDIT_H

#include "cap_scan.h"

/* Ends the run if this does not hold in the cluster that was scanned. */
void mapping_audit_check(const struct cap_scan *scan);

#endif
