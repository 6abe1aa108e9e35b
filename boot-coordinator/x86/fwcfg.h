/* SPDX-License-Identifier: MIT
 *
 * QEMU's firmware configuration device, if there is one: by it a test chooses a program without a new boot image.
 */
#ifndef R4_BOOT_FWCFG_H
#define R4_BOOT_FWCFG_H

#include <r4/types.h>

/* Reads the file of that name into `out` (size bytes, at least 1; cut to fit, zero-terminated). False if there is no
 * device or no such file. */
bool fwcfg_read(const char *name, char *out, size_t size);

#endif
