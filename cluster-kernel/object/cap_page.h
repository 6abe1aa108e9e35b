/* SPDX-License-Identifier: MIT
 *
 * Cap pages: 4 KiB of slots, mapped read-only into one window. Slot 0 is the page's header, which its type tells every
 * reader; in a dying page it is R4_CAP_DYING. The caller holds the cluster lock.
 */
#ifndef R4_KERNEL_OBJECT_CAP_PAGE_H
#define R4_KERNEL_OBJECT_CAP_PAGE_H

#include "object/pd.h"

/* Fills in the header of a zeroed page at physical address `object`. */
void cap_page_init(phys_t object);

/* Removes the page from its window, if it is in one; the capabilities in it stay. Notes the cores to flush. */
void cap_page_unmap(struct r4_slot *slot);

/* Maps the page at `address` in the window of `pd`, by `entry`; the caller has checked that `entry` is free and the
 * page in no window. Also used at boot. */
void cap_page_map(struct r4_slot *slot, struct pd *pd, uint64_t *entry, uint64_t address);

/* The address space whose window the page has not left yet, even if the table above it is gone; or null. */
struct pd *cap_page_find_pd(const struct r4_slot *slot);

/* Its cap is removed: the page, which is already in no window, begins to die. Its slot 0 has taken the place of the cap
 * and is returned; null: it holds nothing. The slot of the cap is empty then. */
struct r4_slot *cap_page_destroy(struct r4_slot *slot);

#endif
