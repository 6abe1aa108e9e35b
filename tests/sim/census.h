/* SPDX-License-Identifier: MIT
 *
 * All capability slots in use of one cluster, wherever they are: in cap pages, mapped or not, dying ones included; in
 * loan records; inside threads. Found from the windows of its address spaces and its links, following capabilities to
 * cap pages and the derivation lists.
 */
#ifndef R4_SIM_CENSUS_H
#define R4_SIM_CENSUS_H

#include "copy.h"

#define CENSUS_SLOTS        65536U
#define CENSUS_PAGES        2048U
#define CENSUS_OBJECTS      4096U
#define CENSUS_WINDOW_PAGES 64U /* of a window: programs use only the first of them */

struct census {
    const struct copy *copy;
    const struct r4_slot *slots[CENSUS_SLOTS];
    size_t slot_count;
    phys_t pages[CENSUS_PAGES]; /* cap pages */
    size_t page_count;
    const struct pd *pds[CENSUS_OBJECTS]; /* first those that a name leads to */
    size_t pd_count;
    const struct thread *threads[CENSUS_OBJECTS];
    size_t thread_count;
};

/* Before the cluster's first thread does anything: its cap pages are remembered, since it may lose its window. */
void census_remember(const struct copy *copy);

/* The cluster's lock is free. */
void census_take(struct census *census, const struct copy *copy);

/* True for a slot in a loan record, where a capability waits whose cap page has died. */
bool census_is_sheltered(const struct copy *copy, const struct r4_slot *slot);

#endif
