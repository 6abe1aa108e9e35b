/* SPDX-License-Identifier: MIT
 *
 * All capability slots in use of one cluster, wherever they are: in cap pages (mapped, unmapped or dying), in loan
 * records, inside threads. The scan begins with the windows of the cluster's address spaces and with its peers, and
 * follows capabilities to cap pages, and derivation lists.
 */
#ifndef R4_SIM_CAP_SCAN_H
#define R4_SIM_CAP_SCAN_H

#include "instance.h"

#define CAP_SCAN_SLOTS        65536U
#define CAP_SCAN_PAGES        2048U
#define CAP_SCAN_OBJECTS      4096U
#define CAP_SCAN_WINDOW_PAGES 64U /* of a window: programs use only the first of them */

struct cap_scan {
    const struct instance *instance;
    const struct r4_slot *slots[CAP_SCAN_SLOTS];
    size_t slot_count;
    phys_t pages[CAP_SCAN_PAGES]; /* cap pages */
    size_t page_count;
    const struct pd *pds[CAP_SCAN_OBJECTS]; /* those with a name come first */
    size_t pd_count;
    const struct thread *threads[CAP_SCAN_OBJECTS];
    size_t thread_count;
};

/* Remembers the cap pages of the cluster's first thread, which may lose its window later. Called before that thread
 * does anything. */
void cap_scan_remember(const struct instance *instance);

/* Scans. The cluster's lock is free. */
void cap_scan_take(struct cap_scan *scan, const struct instance *instance);

/* True for a slot in a loan record, where a capability is parked after its cap page has died. */
bool cap_scan_is_parked(const struct instance *instance, const struct r4_slot *slot);

#endif
