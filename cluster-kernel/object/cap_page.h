/* SPDX-License-Identifier: MIT
 *
 * Cap pages: 4 KiB of slots, mapped read-only into one window. Slot 0 is the page's header: its type says so to whoever
 * reads it; in a dying page its badge links to the next one.
 */
#ifndef R4_KERNEL_OBJECT_CAP_PAGE_H
#define R4_KERNEL_OBJECT_CAP_PAGE_H

#include "object/pd.h"

/* The header of a zeroed page. */
void cap_page_init(phys_t object);

/* Takes the page out of its window, if it is in one; the capabilities in it stay. Notes cores to flush. */
void cap_page_unmap(struct r4_slot *slot);

/* Puts it into the window at `entry`; checked by the caller. Used at boot as well. */
void cap_page_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address);

/* The address space whose window the page has not left yet, be its table still there or not; or null. */
struct pd *cap_page_find_pd(const struct r4_slot *slot);

/* Its last cap goes: what it holds is drained (revoke.h). It is in no window any more. */
void cap_page_destroy(const struct r4_slot *slot);

#endif
