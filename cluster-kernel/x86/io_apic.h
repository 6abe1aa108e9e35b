/* SPDX-License-Identifier: MIT
 *
 * The I/O APICs that this cluster owns: they turn signals of devices into interrupts. Each is mapped only in its
 * owner's kernel, at R4_AREA_IO_APICS, in the order of the boot information.
 */
#ifndef R4_KERNEL_IO_APIC_H
#define R4_KERNEL_IO_APIC_H

/* Masks every line of every I/O APIC of this cluster, whatever firmware has left there. Called once, by core 0. */
void io_apic_start(void);

#endif
