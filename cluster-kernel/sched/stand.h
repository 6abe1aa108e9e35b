/* SPDX-License-Identifier: MIT
 *
 * Where operations stand: the slots that they will come back to, in a hash table by slot, so that whoever unlinks or
 * moves a slot finds the operations that stand there without a look at any other. A slot in the table has
 * R4_FLAG_STANDS; all other slots cost nobody anything. The caller holds the cluster lock.
 *
 * At one slot stand few operations: those whose roots are its ancestors, at most R4_DEPTH_MAX, and as many that empty
 * cap pages. The hash is multiplied by a number that differs from boot to boot, so that no program can fill one bucket.
 */
#ifndef R4_KERNEL_STAND_H
#define R4_KERNEL_STAND_H

#include "cluster/cluster.h"
#include "pure/operation.h"

/* At boot: chooses the hash. */
void stand_start(void);

/* Puts the field of `operation` for `place` into the table, if it names a slot and is not in it. */
void stand_add(struct operation *operation, enum stand_place place);

/* Takes it out, if it is in the table. */
void stand_take_out(struct stand *stand);
static inline void stand_remove(struct operation *operation, enum stand_place place) {
    if (operation->stands[place].operation != NULL) {
        stand_take_out(&operation->stands[place]);
    }
}

/* A revoke, delete or sweep whose root this slot is, or null. */
struct operation *stand_find_root(const struct r4_slot *root);

/* Takes the first stand at the slot out of the table, if there is one: the operation and the place, whose field no
 * longer counts; the caller gives it another value. Null: there is none. The flag of the slot stays. */
struct operation *stand_take(const struct r4_slot *slot, enum stand_place *place);

#endif
