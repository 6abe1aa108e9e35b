/* SPDX-License-Identifier: MIT
 *
 * What the kernel told the root task at boot: its own names and slots.
 */
#ifndef R4_USER_INFO_H
#define R4_USER_INFO_H

#include <r4/abi.h>

static inline const struct r4_root_info *r4_info(void) { return (const struct r4_root_info *)R4_ROOT_INFO; }

#endif
