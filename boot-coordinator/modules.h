/* SPDX-License-Identifier: MIT
 *
 * What the boot loader brought: information block, modules, command line.
 */
#ifndef R4_BOOT_MODULES_H
#define R4_BOOT_MODULES_H

#include "boot.h"

/* Checks the loader's magic, reads its information block, puts the command line together (the loader's, a blank, and
 * fw_cfg's opt/r4/command). Says nothing, since that line chooses the console. Returns null, or what is wrong: then
 * only the command line is good. */
const char *modules_read(struct boot *boot, uint32_t magic, uint32_t block);

/* After modules_read(): extends the identity map over all RAM, notes and prints what there is. */
void modules_take(struct boot *boot, uint32_t block);

/* Opens the modules "kernel" and "root"; stops the boot if one is missing or wrong. */
void modules_open(struct boot *boot);

#endif
