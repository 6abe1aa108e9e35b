/* SPDX-License-Identifier: MIT
 *
 * The I/O APICs that this cluster owns: they turn lines of devices into interrupts. Each is mapped in its owner's
 * kernel alone, at R4_AREA_IO_APICS, in the order of the boot information.
 */
#ifndef R4_KERNEL_IO_APIC_H
#define R4_KERNEL_IO_APIC_H

/* Masks every line of every own I/O APIC, whatever firmware has left there. Once, by one core. */
void io_apic_start(void);

#endif
