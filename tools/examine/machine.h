/* SPDX-License-Identifier: MIT
 *
 * The machine that the coordinator's code finds itself on when it runs as a host program: what x86/ and print.c are on
 * the real one. Physical addresses are pointers here, too; all of them are below 2 GiB.
 */
#ifndef R4_EXAMINE_MACHINE_H
#define R4_EXAMINE_MACHINE_H

#include <r4/types.h>

#define MACHINE_END (1ULL << 31) /* what lies below can be reached */

/* `size` bytes, zero, at an address that fits into 31 bits; ends the program if there are none. */
void *machine_memory(size_t size);

/* The core that the coordinator runs on. */
void machine_boot_core(uint32_t apic_id);

/* Called by boot_stop() with the reason; ends the program. */
_Noreturn void examine_stopped(const char *reason);

#endif
