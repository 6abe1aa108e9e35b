/* SPDX-License-Identifier: MIT
 *
 * What CPUID says about the boot processor.
 */
#ifndef R4_BOOT_CPU_H
#define R4_BOOT_CPU_H

#include "core/weakness.h"

struct weakness_cpu cpu_read(void);

#endif
