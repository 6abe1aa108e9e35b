/* SPDX-License-Identifier: MIT
 *
 * Chooses the layout that the machine boots with: the module's, or one derived from the ACPI tables.
 */
#ifndef R4_BOOT_LAYOUT_H
#define R4_BOOT_LAYOUT_H

#include "boot.h"

/* Takes the module named "layout" if there is one and it fits the machine. Derives a layout if there is none, if the
 * command line says layout=derive, or if the module contradicts the machine and does not ask to stop then; stops the
 * boot otherwise, and if not even one domain of everything can be derived. Says which and why, and what is left unused.
 */
void layout_choose(struct boot *boot);

#endif
