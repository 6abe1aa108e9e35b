/* SPDX-License-Identifier: MIT
 *
 * What must hold of all capabilities, mappings and loans. Slow: called every so many steps and at the end.
 */
#ifndef R4_SIM_AUDIT_H
#define R4_SIM_AUDIT_H

#include "instance.h"

/* Every cluster whose lock is free, and the loans between those. */
void audit_all(void);

/* Starts a revoke of every capability that derives from nothing, in every cluster: everything is at rest, and will be
 * after it. */
void audit_revoke_roots(void);

/* After that: all that was lent is back, nothing derives from anything. */
void audit_end(void);

#endif
