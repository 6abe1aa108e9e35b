/* SPDX-License-Identifier: MIT
 *
 * Protection domains and the table of asids: FIFO reuse, and an asid whose generation would wrap is never used again.
 */
#include "../pd.h"
#include "../cluster.h"
#include "../shootdown.h"

struct pd *pd_of(const struct r4_slot *slot) {
    return (struct pd *)(machine_direct() + slot_object(slot) + R4_PAGE_SIZE);
}

void pd_asids_init(void) {
    for (uint32_t asid = 1; asid < CLUSTER_ASIDS; asid++) {
        cluster.asids[asid].generation = 1;
        cluster.asids[asid].next = (uint16_t)(asid + 1 < CLUSTER_ASIDS ? asid + 1 : 0);
    }
    cluster.asid_first = 1;
    cluster.asid_last = CLUSTER_ASIDS - 1;
    cluster.asids_left = CLUSTER_ASIDS - 1;
}

/* The first of the FIFO; there is one, since it was promised. */
static uint16_t asid_take(void) {
    uint16_t asid = cluster.asid_first;
    cluster.asid_first = cluster.asids[asid].next;
    return asid;
}

static void asid_give(uint16_t asid) {
    struct asid_entry *entry = &cluster.asids[asid];
    entry->pd = NULL;
    entry->generation++;
    entry->next = 0;
    if (entry->generation == 0) {
        return; /* retired */
    }
    if (cluster.asid_first == 0) {
        cluster.asid_first = asid;
    } else {
        cluster.asids[cluster.asid_last].next = asid;
    }
    cluster.asid_last = asid;
    cluster.asids_left++;
}

struct pd *pd_find(uint16_t asid, uint16_t generation) {
    const struct asid_entry *entry = &cluster.asids[asid % CLUSTER_ASIDS];
    return entry->generation == generation ? entry->pd : NULL;
}

void pd_init(struct r4_slot *slot) {
    struct pd *pd = pd_of(slot);
    pd->root = slot_object(slot);
    pd->asid = asid_take();
    pd->generation = cluster.asids[pd->asid].generation;
    slot->word[1] = r4_mapping_asid_put(pd->asid) | r4_mapping_generation_put(pd->generation);
    machine_space_init((void *)(machine_direct() + pd->root));
    cluster.asids[pd->asid].pd = pd;
}

void pd_window_refresh(struct pd *pd) {
    for (uint32_t i = 0; i < WINDOW_DIRECTORIES; i++) {
        uint64_t address = R4_WINDOW_BASE + ((uint64_t)i << 30);
        const uint64_t *entry = paging_entry(machine_direct(), pd->root, address, 3);
        bool present = entry != NULL && (*entry & PAGING_PRESENT) != 0;
        pd->directories[i] = present ? *entry & PAGING_ADDRESS : 0;
    }
}

void pd_destroy(const struct r4_slot *slot) {
    if ((slot_flags(slot) & R4_FLAG_MAKING) != 0) {
        cluster.asids_left++; /* it has none yet */
        return;
    }
    shootdown_space(machine_core(), pd_of(slot));
    asid_give((uint16_t)r4_mapping_asid_get(slot->word[1]));
}
