/* SPDX-License-Identifier: MIT
 *
 * The end of one capability, whatever its type; the caller holds the cluster lock.
 */
#ifndef R4_KERNEL_CAPABILITY_H
#define R4_KERNEL_CAPABILITY_H

#include "core.h"
#include "core/slot.h"

/* Which lasting reference an internal slot is; stands in its badge. Its object is the object that refers. */
enum capability_reference { REFERENCE_THREAD_PD = 1 };

/* Removes a linked slot: undoes what its type means (a mapping, a reference, the object itself if this is its original
 * cap), unlinks and empties it. Nothing derives from it any more, or the caller knows why that may be. Bounded. */
void capability_remove(struct core *core, struct r4_slot *slot);

/* True if removing such a cap may leave more to do than capability_remove() does itself, so that it needs an operation.
 */
bool capability_needs_operation(const struct r4_slot *slot);

/* Takes a slot out of its list and empties it; positions of operations on it move. */
void capability_unlink(struct r4_slot *slot);

#endif
