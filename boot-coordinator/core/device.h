/* SPDX-License-Identifier: MIT
 *
 * Who has the hardware that all clusters share. The layout says so for the console, PCI configuration and single I/O
 * APICs; every other I/O APIC goes to the console's owner. So each has exactly one owner.
 */
#ifndef R4_BOOT_DEVICE_H
#define R4_BOOT_DEVICE_H

#include "madt.h"
#include <r4/layout.h>

/* The cluster's own I/O APICs, in the MADT's order: the index-th one, or null after the last. */
const struct madt_io_apic *device_io_apic(const struct madt *madt, const struct r4_layout *layout, uint32_t cluster,
                                          uint32_t index);

/* Compares the layout's owners with the MADT. Refused: an I/O APIC that does not exist; two of different owners whose
 * registers share a page, since each kernel would map the other's. */
bool device_check(const struct madt *madt, const struct r4_layout *layout, struct refusal *why);

#endif
