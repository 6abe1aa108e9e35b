/* SPDX-License-Identifier: MIT
 *
 * The list of posted receive slots of each peer. A slot and its place in the list name each other.
 */
#include "peer/receive_slot.h"
#include "cluster/cluster.h"
#include "pure/derivation.h"
#include <r4/contract.h>

/* The place of a posted slot in the list. */
static struct r4_slot **place_of(const struct r4_slot *slot) {
    uint64_t badge = slot_badge(slot);
    return &cluster.peers[slot_receive_peer_get(badge)]->receive_slots[slot_receive_index_get(badge)];
}

uint32_t receive_slot_free(const struct peer *peer) {
    uint32_t place = 0;
    while (place < PEER_RECEIVE_SLOTS && peer->receive_slots[place] != NULL) {
        place++;
    }
    return place;
}

void receive_slot_post(struct peer *peer, uint32_t place, struct r4_slot *peer_cap, struct r4_slot *slot) {
    KERNEL_CHECK(place < PEER_RECEIVE_SLOTS && peer->receive_slots[place] == NULL);
    KERNEL_CHECK(slot_type(peer_cap) == R4_CAP_PEER);
    cluster_check_locked();
    struct slot_content content = {
        .type = R4_CAP_RECEIVE_SLOT,
        .depth = (uint32_t)slot_depth(peer_cap) + 1,
        .badge = slot_receive_peer_put(peer->number) | slot_receive_index_put(place),
    };
    derivation_create(machine_direct(), peer_cap, slot, &content);
    peer->receive_slots[place] = slot;
}

/* What is in such a page is removed soon. Its header, slot 0, says so. */
static bool is_in_dying_page(const struct r4_slot *slot) {
    const struct r4_slot *header = (const struct r4_slot *)round_down((uintptr_t)slot, R4_PAGE_SIZE);
    return slot_type(header) != R4_CAP_HEADER;
}

struct r4_slot *receive_slot_find(const struct peer *peer) {
    cluster_check_locked();
    for (uint32_t place = 0; place < PEER_RECEIVE_SLOTS; place++) {
        struct r4_slot *slot = peer->receive_slots[place];
        if (slot != NULL && slot_is_usable(slot, R4_CAP_RECEIVE_SLOT) && !is_in_dying_page(slot)) {
            return slot;
        }
    }
    return NULL;
}

void receive_slot_gone(const struct r4_slot *slot) {
    KERNEL_CHECK(*place_of(slot) == slot);
    *place_of(slot) = NULL;
}

void receive_slot_moved(struct r4_slot *slot) { *place_of(slot) = slot; }
