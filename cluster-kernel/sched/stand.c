/* SPDX-License-Identifier: MIT
 *
 * The table of stands: a bucket is a singly linked list.
 */
#include "sched/stand.h"
#include <r4/contract.h>

void stand_start(void) { cluster.stand_key = machine_now() << 1 | 1; }

static struct stand **bucket_of(const struct r4_slot *slot) {
    uint64_t mixed = (uintptr_t)slot / R4_SLOT_SIZE * (cluster.stand_key * 0x9e3779b97f4a7c15ULL);
    return &cluster.stands[mixed >> (64 - STAND_BUCKET_BITS)];
}

void stand_add(struct operation *operation, enum stand_place place) {
    struct stand *stand = &operation->stands[place];
    struct r4_slot *slot = *operation_field(operation, place);
    cluster_check_locked();
    if (stand->operation != NULL || slot == NULL) {
        return;
    }
    struct stand **bucket = bucket_of(slot);
    *stand = (struct stand){*bucket, operation};
    *bucket = stand;
    slot_flags_set(slot, R4_FLAG_STANDS);
}

void stand_take_out(struct stand *stand) {
    bool others = false;
    cluster_check_locked();
    struct r4_slot *slot = stand_slot(stand);
    struct stand **link = bucket_of(slot);
    while (*link != NULL) {
        if (*link == stand) {
            *link = stand->next;
            continue;
        }
        others = others || stand_slot(*link) == slot;
        link = &(*link)->next;
    }
    if (!others) {
        slot_flags_clear(slot, R4_FLAG_STANDS);
    }
    stand->operation = NULL;
}

struct operation *stand_find_root(const struct r4_slot *root) {
    cluster_check_locked();
    for (const struct stand *stand = *bucket_of(root); stand != NULL; stand = stand->next) {
        if (stand_place(stand) == STAND_ROOT && stand_slot(stand) == root) {
            return stand->operation;
        }
    }
    return NULL;
}

struct operation *stand_take(const struct r4_slot *slot, enum stand_place *place) {
    cluster_check_locked();
    for (struct stand **link = bucket_of(slot); *link != NULL; link = &(*link)->next) {
        struct stand *stand = *link;
        if (stand_slot(stand) == slot) {
            struct operation *operation = stand->operation;
            *place = stand_place(stand);
            *link = stand->next;
            stand->operation = NULL;
            return operation;
        }
    }
    return NULL;
}
