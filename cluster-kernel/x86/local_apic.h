/* SPDX-License-Identifier: MIT
 *
 * The core's local APIC: timer, events from and to other cores. Registers are mapped at R4_AREA_APIC; each core sees
 * its own there.
 */
#ifndef R4_KERNEL_LOCAL_APIC_H
#define R4_KERNEL_LOCAL_APIC_H

#include "machine.h"

/* Switches this core's APIC on with every source masked; requests that are pending stay. */
void local_apic_start(void);

/* Acknowledges an event and makes the upcall. */
void local_apic_event(enum machine_event event);

/* Sends an NMI. */
void local_apic_send_nmi(uint32_t apic_id);

#endif
