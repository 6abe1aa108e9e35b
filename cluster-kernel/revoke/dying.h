/* SPDX-License-Identifier: MIT
 *
 * Dying cap pages. The page's slot 0, of type R4_CAP_DYING, is in the derivation list where the page's capability was,
 * so that whoever needs the page's memory meets it in its run, empties the page first, and nobody else waits for it.
 *
 * A page that dies while another one is emptied is a descendant of something in that one, which goes at once: the dying
 * page is lifted to the depth of what goes, since its memory belongs to the next ancestor. The operation that made it
 * die keeps it in a ring and empties it before it ends, unless somebody who met it was faster. So nothing nests, and
 * pages that hold each other's memory die as well. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_DYING_H
#define R4_KERNEL_DYING_H

#include "pure/operation.h"

/* The operation will empty the page before it ends, unless an operation will already. */
void dying_keep(struct operation *operation, struct r4_slot *page);

/* The page is empty: its slot 0 leaves its list and its ring. */
void dying_remove(struct r4_slot *page);

#endif
