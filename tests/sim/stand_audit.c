/* SPDX-License-Identifier: MIT
 *
 * All operations are asked about each slot: the kernel's table of stands is what is checked.
 */
#include "stand_audit.h"
#include "cpu.h"

/* A slot is flagged exactly while an operation stands there. */
void stand_audit_check(const struct instance *instance, const struct r4_slot *slot) {
    bool stands = false;
    for (const struct operation *operation = instance->cluster->operations; operation != NULL;
         operation = operation->next) {
        for (uint32_t place = 0; place < STAND_COUNT; place++) {
            const struct stand *stand = &operation->stands[place];
            stands = stands || (stand->operation != NULL && stand_slot(stand) == slot);
        }
    }
    if (stands != ((slot_flags(slot) & R4_FLAG_STANDS) != 0)) {
        sim_fail("who stands where is known", "cluster %u: the cap of type %u at %lx has flags %lx", instance->number,
                 slot_type(slot), (uintptr_t)slot - instance->direct, slot_flags(slot));
    }
}
