/* SPDX-License-Identifier: MIT
 *
 * The marks in page tables: they stand in window pages only, a cap page is in one window, and the frame of a proxy page
 * has one capability and one mapping.
 */
#ifndef R4_SIM_MARKS_H
#define R4_SIM_MARKS_H

#include "census.h"

void marks_check(const struct census *census);

#endif
