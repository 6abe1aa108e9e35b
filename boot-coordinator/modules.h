/* SPDX-License-Identifier: MIT
 *
 * What the boot loader brought: information block, modules, command line.
 */
#ifndef R4_BOOT_MODULES_H
#define R4_BOOT_MODULES_H

#include "boot.h"

/* Checks the loader's magic, reads its information block, joins the command line (the loader's, a blank, and
 * fw_cfg's opt/r4/command). Prints nothing, since that line chooses the console. On a refusal only the command line is
 * good. */
bool modules_read(struct boot *boot, uint32_t magic, uint32_t block, struct refusal *why);

/* Extends the identity map over all RAM; notes and prints what there is. Needs a good modules_read(). */
void modules_take(struct boot *boot, uint32_t block);

/* Opens the modules "kernel" and "root"; stops the boot if one is missing or wrong. Needs modules_take(). */
void modules_open(struct boot *boot);

#endif
