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

struct r4_slot **stand_field(struct operation *operation, enum stand_place place) {
    switch (place) {
    case STAND_ROOT:
        return &operation->run.root;
    case STAND_DIED:
        return &operation->died;
    case STAND_POSITION:
        return &operation->run.position;
    case STAND_LAST:
        return &operation->last;
    case STAND_PAGE:
        return &operation->page;
    case STAND_PAGE_ROOT:
        return &operation->page_run.root;
    default:
        return &operation->page_run.position;
    }
}

void stand_add(struct operation *operation, enum stand_place place) {
    struct stand *stand = &operation->stands[place];
    struct r4_slot **at = stand_field(operation, place);
    cluster_check_locked();
    if (stand->at != NULL || *at == NULL) {
        return;
    }
    struct stand **bucket = bucket_of(*at);
    *stand = (struct stand){.next = *bucket, .operation = operation, .at = at};
    *bucket = stand;
    slot_flags_set(*at, R4_FLAG_STANDS);
}

void stand_take_out(struct stand *stand) {
    bool others = false;
    cluster_check_locked();
    struct r4_slot *slot = *stand->at;
    struct stand **link = bucket_of(slot);
    while (*link != NULL) {
        if (*link == stand) {
            *link = stand->next;
            continue;
        }
        others = others || *(*link)->at == slot;
        link = &(*link)->next;
    }
    if (!others) {
        slot_flags_clear(slot, R4_FLAG_STANDS);
    }
    stand->at = NULL;
}

struct operation *stand_find_root(const struct r4_slot *root) {
    cluster_check_locked();
    for (const struct stand *stand = *bucket_of(root); stand != NULL; stand = stand->next) {
        if (*stand->at == root && stand->at == &stand->operation->run.root) {
            return stand->operation;
        }
    }
    return NULL;
}

struct stand *stand_take(const struct r4_slot *slot) {
    cluster_check_locked();
    for (struct stand **link = bucket_of(slot); *link != NULL; link = &(*link)->next) {
        struct stand *stand = *link;
        if (*stand->at == slot) {
            *link = stand->next;
            stand->at = NULL;
            return stand;
        }
    }
    return NULL;
}
