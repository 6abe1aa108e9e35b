/* SPDX-License-Identifier: MIT
 *
 * Which slots say that an operation will come back to them.
 */
#ifndef R4_SIM_STAND_AUDIT_H
#define R4_SIM_STAND_AUDIT_H

#include "instance.h"

/* Checks one slot in use. The cluster's lock is free. */
void stand_audit_check(const struct instance *instance, const struct r4_slot *slot);

#endif
