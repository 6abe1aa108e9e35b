/* SPDX-License-Identifier: MIT
 *
 * The marks in page tables: they stand in window pages only, a cap page is in one window, and the frame of a proxy page
 * has one capability and one mapping.
 */
#ifndef R4_SIM_MAPPING_AUDIT_H
#define R4_SIM_MAPPING_AUDIT_H

#include "cap_scan.h"

void mapping_audit_check(const struct cap_scan *cap_scan);

#endif
