/* SPDX-License-Identifier: MIT
 *
 * The local APIC; and the legacy interrupt controllers, which R4 only masks. All cores are in one mode: x2APIC
 * where the CPU has it or the firmware has chosen it already (there is no way back), else xAPIC.
 */
#ifndef R4_BOOT_LOCAL_APIC_H
#define R4_BOOT_LOCAL_APIC_H

#include <r4/types.h>

/* Enables the boot processor's local APIC and chooses the mode. False if the firmware left it off. */
bool apic_open(void);

/* Puts the calling core into the mode that apic_open() chose. */
void apic_join(void);

bool apic_is_wide(void);    /* x2APIC mode */
uint32_t apic_id_max(void); /* the highest id that a core can have: the one above is the broadcast address */

phys_t apic_base(void); /* of the registers */
uint32_t apic_id(void); /* of the calling core */

/* Start-up of another core: INIT, and a start at physical address `page`, a whole page below 1 MiB. */
void apic_send_init(uint32_t target);
void apic_send_startup(uint32_t target, phys_t page);

/* The timer counts down from 0xffffffff with divider 1, masked. */
void apic_timer_run(void);
uint32_t apic_timer_count(void);
void apic_timer_stop(void);

/* Masks every line of the two 8259s. */
void pic_mask(void);

#endif
