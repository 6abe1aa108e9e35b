/* SPDX-License-Identifier: MIT
 *
 * What must hold of all capabilities, mappings and loans. This is slow: it is done once in some steps, and at the end.
 */
#ifndef R4_SIM_AUDIT_H
#define R4_SIM_AUDIT_H

#include "instance.h"

/* Audits every cluster whose lock is free, and the loans between those. */
void audit_all(void);

/* Starts a revoke of every capability that derives from nothing, in every cluster. Called when everything is at rest;
 * the caller waits until it is so again. */
void audit_revoke_roots(void);

/* Called after these revokes: all lent memory is back, and nothing derives from anything. */
void audit_end(void);

#endif
