/* SPDX-License-Identifier: MIT
 *
 * Chooses the layout that the machine boots with: the module's, or one derived from the ACPI tables.
 */
#ifndef R4_BOOT_LAYOUT_H
#define R4_BOOT_LAYOUT_H

#include "boot.h"

/* Takes the module named "layout" if there is one and it fits the machine. Derives a layout if there is none, if the
 * command line says layout=derive, or if the module contradicts the machine and does not ask to stop then; stops the
 * boot otherwise, and if no layout can be derived even when the whole machine is one domain. Prints which layout and
 * why, and which cores are left unused. Needs tables_read(). */
void layout_choose(struct boot *boot);

/* Takes the cores that start_cores() found silent out of a derived layout. Stops the boot if that is the module's,
 * or if a cluster is left without a core. */
void layout_drop_silent(struct boot *boot);

#endif
