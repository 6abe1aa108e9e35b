/* SPDX-License-Identifier: MIT
 *
 * The boot processor's local APIC (xAPIC mode), and the legacy interrupt controllers, which are only silenced.
 */
#ifndef R4_BOOT_LOCAL_APIC_H
#define R4_BOOT_LOCAL_APIC_H

#include <r4/types.h>

#define APIC_ID_MAX 254U /* 255 is the broadcast address of xAPIC mode */

/* Switches this core's local APIC on. False if the firmware left it off or in x2APIC mode. */
bool apic_open(void);

phys_t apic_base(void); /* of the registers */
uint32_t apic_id(void); /* of the core that asks */

/* Start-up of another core: INIT, and a start at physical address `page` (below 1 MiB). */
void apic_send_init(uint32_t target);
void apic_send_startup(uint32_t target, phys_t page);

/* The timer counts down from 0xffffffff with divider 1, masked. */
void apic_timer_run(void);
uint32_t apic_timer_count(void);
void apic_timer_stop(void);

/* Masks every line of the two 8259s. */
void pic_mask(void);

#endif
