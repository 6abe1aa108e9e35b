/* SPDX-License-Identifier: MIT
 *
 * The core's local APIC: timer, events from and to other cores. Registers are mapped at R4_AREA_APIC; each core sees
 * its own there.
 */
#ifndef R4_KERNEL_LOCAL_APIC_H
#define R4_KERNEL_LOCAL_APIC_H

#include "machine.h"

/* Enables this core's APIC with every source but the timer masked; pending requests stay. */
void local_apic_start(void);

/* Acknowledges the interrupt of an event and makes the upcall kernel_event(). */
void local_apic_event(enum machine_event event);

/* Sends an NMI to the core with that APIC id, which must have its NMI gate (stop.c). */
void local_apic_send_nmi(uint32_t apic_id);

#endif
