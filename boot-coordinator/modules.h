/* SPDX-License-Identifier: MIT
 *
 * What the boot loader brought: information block, modules, command line.
 */
#ifndef R4_BOOT_MODULES_H
#define R4_BOOT_MODULES_H

#include "boot.h"

/* Checks the loader's magic, reads its information block, extends the identity map over all RAM. */
void modules_take(struct boot *boot, uint32_t magic, uint32_t block);

/* Opens the modules "kernel" and "root"; stops the boot if one is missing or wrong. */
void modules_open(struct boot *boot);

/* Puts the command line together: the loader's, a blank, and fw_cfg's opt/r4/command. */
void modules_command(struct boot *boot);

#endif
