/* SPDX-License-Identifier: MIT
 *
 * Ends: of this core, of the cluster's other cores, of the emulator.
 */
#include "cluster/addresses.h"
#include "local_apic.h"

#define STOP_EXIT_PORT 0xf4 /* QEMU's isa-debug-exit: status is code * 2 + 1 */

/* A core that has no NMI gate yet is left out, since an NMI would reset the machine. It has not touched the cluster's
 * state, and it needs the lock to do so. The load of `started` pairs with the store in machine_start(): the gate is
 * there. */
void machine_stop_others(void) {
    for (uint32_t i = 0; i < core_count(); i++) {
        struct machine_core *other = (struct machine_core *)core_at(i);
        if (other != machine_own() && other->started) {
            local_apic_send_nmi(boot_info()->apic_ids[i]);
        }
    }
}

_Noreturn void machine_stop(void) {
    x86_cli();
    for (;;) {
        x86_hlt();
    }
}

_Noreturn void machine_exit(uint32_t code) {
    x86_out32(STOP_EXIT_PORT, code);
    machine_stop();
}
